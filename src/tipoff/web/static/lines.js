// The lines' page: a filter, and movements that open in their row. Without it the filter is not there, and a movement is a page of its own.
"use strict";
(() => {
  const script = document.currentScript;
  const form = document.getElementById("filter");
  if (form) {
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    const wanted = document.getElementById("wanted");
    const moved = document.getElementById("moved");
    const count = document.getElementById("count");
    const rows = [...document.querySelectorAll("tbody.quoted")];
    const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    const names = new Map(rows.map((row) => [row, plain(row.dataset.name)]));
    const narrow = () => {
      const asked = plain(wanted.value.trim());
      let found = 0;
      for (const row of rows) {
        row.hidden = !(names.get(row).includes(asked) && (!moved.checked || row.hasAttribute("data-moved")));
        found += row.hidden ? 0 : 1;
      }
      for (const game of document.querySelectorAll("article.board")) game.hidden = !game.querySelector("tbody.quoted:not([hidden])");
      count.textContent = asked || moved.checked ? `${found} of ${rows.length} players` : "";
    };
    wanted.addEventListener("input", narrow);
    moved.addEventListener("change", narrow);
    narrow();
  }

  // The first click has htmx fetch the movement; each further one shows or hides it. The library of the charts comes with the first.
  const row = (link) => link.closest("tbody").querySelector("tr.open");
  const show = (link, open) => {
    row(link).hidden = !open;
    link.setAttribute("aria-expanded", String(open));
  };
  for (const link of document.querySelectorAll("a.moves")) link.setAttribute("aria-expanded", "false");
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.("a.moves");
      if (!link || !row(link).querySelector(".panel").hasChildNodes()) return;
      event.preventDefault();
      event.stopPropagation();
      show(link, row(link).hidden);
    },
    true,
  );
  let charts;
  document.addEventListener("htmx:afterSwap", (event) => {
    const link = event.target.closest("tbody")?.querySelector("a.moves");
    if (!link) return;
    show(link, true);
    charts ??= import(script.dataset.vega).then(() => import(script.dataset.charts));
  });
  for (const failed of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failed, (event) => location.assign(event.detail.pathInfo.requestPath));
  }
})();
