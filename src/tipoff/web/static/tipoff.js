// Progressive enhancement only: every page is whole without it.
"use strict";
(() => {
  // The reader's own time beside New York's, where they differ.
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const clock = (moment, timeZone) =>
    new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", timeZone }).format(moment);
  const beside = (root) => {
    for (const time of root.querySelectorAll("time[data-utc]:not([data-told])")) {
      time.dataset.told = "yes";
      const moment = new Date(time.dataset.utc);
      if (Number.isNaN(moment.getTime()) || clock(moment, own) === clock(moment, "America/New_York")) continue;
      const note = document.createElement("span");
      note.className = "own-time";
      note.textContent = ` · ${clock(moment, own)} your time`;
      time.after(note);
    }
  };
  beside(document);
  document.body.addEventListener("htmx:afterSettle", (event) => beside(event.target));

  // Search, and only what is recommended.
  const tools = document.getElementById("tools");
  if (!tools) return;
  tools.hidden = false;
  const search = document.getElementById("search");
  const only = document.getElementById("only");
  const found = document.getElementById("found");
  const players = [...document.querySelectorAll("tbody.player")];
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const narrow = () => {
    const wanted = plain(search.value.trim());
    let count = 0;
    for (const player of players) {
      const fits =
        (!wanted || plain(player.dataset.name).includes(wanted)) && (!only.checked || player.hasAttribute("data-recommended"));
      player.hidden = !fits;
      count += fits ? 1 : 0;
    }
    const narrowed = Boolean(wanted) || only.checked;
    for (const game of document.querySelectorAll("article.game")) {
      game.hidden = narrowed && !game.querySelector("tbody.player:not([hidden])");
      const absent = game.querySelector(".absent");
      if (absent) absent.hidden = narrowed;
    }
    found.textContent = narrowed ? `${count} of ${players.length} players` : "";
  };
  search.addEventListener("input", narrow);
  only.addEventListener("change", narrow);
  narrow();
})();
