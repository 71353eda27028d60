// Filters of the players' pages: features by name, source or category, and the list of players. All is there without it.
"use strict";
(() => {
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  for (const form of document.querySelectorAll("form.find")) {
    const [text, missing] = form.querySelectorAll("input");
    const part = form.closest("section");
    const rows = [...part.querySelectorAll("tr.feature")];
    const narrow = () => {
      const asked = plain(text.value.trim());
      let found = 0;
      for (const row of rows) {
        row.hidden = !plain(row.dataset.name).includes(asked) || (missing.checked && !row.hasAttribute("data-missing"));
        found += row.hidden ? 0 : 1;
      }
      for (const group of part.querySelectorAll("tbody.group")) group.hidden = !group.querySelector("tr.feature:not([hidden])");
      form.querySelector("output").textContent = asked || missing.checked ? `${found} of ${rows.length}` : "";
    };
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    text.addEventListener("input", narrow);
    missing.addEventListener("change", narrow);
    narrow();
  }

  // The list narrows as one types, and its address says so: it may be shared.
  const who = document.getElementById("who");
  if (!who) return;
  const wanted = who.querySelector("input");
  const people = [...document.querySelectorAll(".people li")];
  wanted.addEventListener("input", () => {
    const asked = plain(wanted.value).split(/\s+/).filter(Boolean);
    let found = 0;
    for (const one of people) {
      one.hidden = !asked.every((word) => plain(one.dataset.name).includes(word));
      found += one.hidden ? 0 : 1;
    }
    who.querySelector("output").textContent = asked.length ? `${found} found` : "";
    history.replaceState(null, "", asked.length ? `?q=${encodeURIComponent(wanted.value.trim())}` : location.pathname);
  });
})();
