// Keeps the board fresh: the server tells when something changed, and the board is asked for again. Where looking needs the token, a stream
// cannot carry it: then the board is asked for every few seconds, with it.
"use strict";
(() => {
  const board = document.getElementById("board");
  const live = document.getElementById("live");
  const address = `/pipeline/${board.dataset.day}/board`;
  const token = () => { try { return sessionStorage.getItem("tipoff-token") || ""; } catch { return ""; } };
  const tell = (word, kind) => { live.textContent = word; live.className = kind; };
  const clock = () => new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" }).format(new Date());

  document.body.addEventListener("htmx:configRequest", (event) => {
    if (token()) event.detail.headers.Authorization = `Bearer ${token()}`;
  });
  document.addEventListener("submit", (event) => { if (event.target.matches("form[data-token]")) queueMicrotask(() => token() && refresh()); });
  const refresh = async () => {
    const opened = [...board.querySelectorAll("details")].map((part) => part.open);
    await htmx.ajax("GET", address, { target: "#board", swap: "innerHTML" });
    [...board.querySelectorAll("details")].forEach((part, place) => { if (opened[place] !== undefined) part.open = opened[place]; });
  };
  board.addEventListener("htmx:afterSwap", () => tell(`live, last change ${clock()}`, "on"));
  board.addEventListener("htmx:responseError", () => tell("the board was refused; is the token right?", "off"));
  document.body.addEventListener("tipoff:called", () => { if (board.dataset.open === "yes" || token()) refresh(); });

  if (board.dataset.open !== "yes") {
    setInterval(() => { if (token() && !document.hidden) refresh(); }, 5000);
    if (token()) refresh();
    return;
  }
  const stream = new EventSource(`/pipeline/${board.dataset.day}/events`);
  stream.addEventListener("open", () => tell("live", "on"));
  stream.addEventListener("error", () => tell("the server is not heard; trying again", "off"));
  stream.addEventListener("changed", (event) => {
    if (event.data === board.dataset.tag) return;
    board.dataset.tag = event.data;
    refresh();
  });
  addEventListener("pagehide", () => stream.close());
})();
