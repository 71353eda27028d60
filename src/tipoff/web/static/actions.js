// Calls of the control API, asked from a page. Declarative, so that every page may use it:
//
//   <form data-token>                      keeps the bearer token for this tab (sessionStorage); never in an address, nor in the page
//   <form data-call="/promote"             its named fields become the call's JSON; an empty one is left out
//         data-confirm="Promote {model_id}?"   asked first; {name} is a field's value
//         data-done="{model_id}: {state}">     said when it is done; {name} is a field of the answer (without it: each of them)
//     <input name="force" type="checkbox">         a box is true or false; data-as="number" or "list" (commas) for what is no text
//     <output data-answer role="status">           where the answer is told, a problem with its title, detail and next step
//
// After a call the form fires `tipoff:called` with { status, answer }, which bubbles.
"use strict";
(() => {
  const KEY = "tipoff-token";
  const token = {
    get: () => { try { return sessionStorage.getItem(KEY) || ""; } catch { return ""; } },
    set: (value) => { try { value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY); } catch { /* a tab without storage */ } },
  };

  const plain = (value) => (Array.isArray(value) ? value.map(plain).join(", ") || "none" : value && typeof value === "object" ? JSON.stringify(value) : String(value ?? "none"));
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => plain(values[name]));
  const read = (field) => {
    if (field.type === "checkbox") return field.checked;
    if ((field.type === "radio" && !field.checked) || !field.value.trim()) return undefined;
    if (field.dataset.as === "number") return Number(field.value);
    if (field.dataset.as === "list") return field.value.split(",").map((part) => part.trim()).filter(Boolean);
    return field.value.trim();
  };
  const asked = (form) => {
    const fields = [...form.elements].filter((field) => field.name && !field.disabled);
    return Object.fromEntries(fields.map((field) => [field.name, read(field)]).filter(([, value]) => value !== undefined));
  };

  const line = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const tell = (form, kind, ...lines) => {
    const place = form.querySelector("[data-answer]");
    if (!place) return;
    place.dataset.kind = kind;
    place.replaceChildren(...lines.filter(Boolean));
  };
  const problem = (form, found) =>
    tell(form, "bad", line("strong", found.title || `It answered ${found.status}`), line("span", found.detail || ""),
      ...(found.errors || []).map((fault) => line("span", `${fault.path}: ${fault.message}`)), line("span", found.next ? `Next: ${found.next}` : ""));

  const call = async (form) => {
    const values = asked(form);
    if (!token.get()) {
      problem(form, { title: "The token is missing", detail: "Nothing was sent.", next: "Type the token of this server first." });
      document.querySelector("form[data-token] input")?.focus();
      return;
    }
    if (form.dataset.confirm && !window.confirm(filled(form.dataset.confirm, values))) return;
    const button = form.querySelector("button[type=submit], button:not([type])");
    if (button) button.disabled = true;
    tell(form, "waiting", line("span", "Asking…"));
    try {
      const response = await fetch(form.dataset.call, {
        method: "POST", cache: "no-store", credentials: "omit", redirect: "error",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token.get()}` }, body: JSON.stringify(values),
      });
      const answer = await response.json().catch(() => ({}));
      if (response.ok) {
        const told = form.dataset.done ? [line("span", filled(form.dataset.done, answer))]
          : Object.entries(answer).map(([name, value]) => line("span", `${name.replaceAll("_", " ")}: ${plain(value)}`));
        tell(form, "good", line("strong", "Done"), ...told);
      } else {
        problem(form, { status: response.status, ...answer });
        if (response.status === 401) { token.set(""); show(); }
      }
      form.dispatchEvent(new CustomEvent("tipoff:called", { bubbles: true, detail: { status: response.status, answer } }));
    } catch {
      problem(form, { title: "The server did not answer", detail: "Whether the call arrived is not known.", next: "Look whether the server runs, and how it stands, before asking again." });
    } finally {
      if (button) button.disabled = false;
    }
  };

  // Whether a token is at hand: the form that asks for it, or the word that it is kept and a way to forget it.
  const show = () => {
    for (const form of document.querySelectorAll("form[data-token]")) {
      const kept = Boolean(token.get());
      form.hidden = false;
      form.querySelectorAll("[data-without]").forEach((part) => { part.hidden = kept; });
      form.querySelectorAll("[data-with]").forEach((part) => { part.hidden = !kept; });
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form[data-token]")) {
      event.preventDefault();
      const field = form.querySelector("input");
      token.set(token.get() ? "" : field.value.trim());
      field.value = "";
      show();
      (token.get() ? form.querySelector("[data-with] button") : field)?.focus();
    } else if (form.matches("form[data-call]")) {
      event.preventDefault();
      call(form);
    }
  });
  document.querySelectorAll("form[data-call]").forEach((form) => { form.hidden = false; });
  show();
})();
