// Progressive enhancement only: every page is whole without it.
"use strict";
(() => {
  // The reader's own time beside New York's, where they differ.
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const clock = (moment, timeZone) =>
    new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", timeZone }).format(moment);
  const tell = (part) => {
    for (const time of part.querySelectorAll("time[data-utc]:not([data-told])")) {
      time.dataset.told = "";
      const moment = new Date(time.dataset.utc);
      if (Number.isNaN(moment.getTime()) || clock(moment, own) === clock(moment, "America/New_York")) continue;
      const note = document.createElement("span");
      note.className = "own-time";
      note.textContent = ` · ${clock(moment, own)} your time`;
      time.after(note);
    }
  };
  tell(document);
  document.addEventListener("htmx:afterSettle", () => tell(document));
})();
