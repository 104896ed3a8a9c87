// The SQL page with JavaScript: Ctrl+Enter runs, Esc and Stop end the query, names of tables go into it. It sends the same
// form as without, and takes the new parts out of the page that answers. When a request ends early, the server ends the query.
// The page loads it before its fields, so that no key is too early: what is pressed before the page is whole, waits for that.
"use strict";
const early = new AbortController();
let isPressed = false;
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || document.activeElement.id !== "sql") return;
  event.preventDefault();
  isPressed = true;
}, { signal: early.signal });
document.addEventListener("DOMContentLoaded", () => {
  early.abort();
  const form = document.getElementById("editor"), sql = document.getElementById("sql");
  const run = document.getElementById("run"), stop = document.getElementById("stop"), state = document.getElementById("state");
  const parts = ["title", "result", "history"];
  let running = null;

  const wait = (seconds) => `Runs for ${seconds} s`;

  const show = (page) => {
    for (const id of parts) {
      const found = page.getElementById(id);
      if (found) document.getElementById(id).replaceWith(document.importNode(found, true));
    }
    const marked = page.getElementById("sql");
    if (!marked) return;
    sql.toggleAttribute("aria-invalid", marked.hasAttribute("aria-invalid"));
    if (marked.dataset.line) go(Number(marked.dataset.line), Number(marked.dataset.column));
    const link = document.getElementById("permalink");
    if (link) history.replaceState(null, "", link.href);
  };

  const go = (line, column) => {
    const lines = sql.value.split("\n").slice(0, line - 1);
    const start = lines.reduce((sum, text) => sum + text.length + 1, 0);
    const at = start + Array.from(sql.value.slice(start)).slice(0, column - 1).join("").length;
    sql.focus();
    sql.setSelectionRange(at, Math.min(at + 1, sql.value.length));
  };

  const send = async () => {
    if (running || !form.reportValidity()) return;
    running = new AbortController();
    const began = Date.now(), before = state.textContent;
    run.disabled = true;
    stop.hidden = false;
    const clock = setInterval(() => { state.textContent = wait(Math.round((Date.now() - began) / 1000)); }, 1000);
    state.textContent = wait(0);
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), signal: running.signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.redirected || !page.getElementById("result")) {
        const text = page.querySelector("h1");
        state.textContent = `No answer: ${text ? text.textContent : "load the page again"}`;
        return;
      }
      show(page);
      state.textContent = before;
    } catch (error) {
      state.textContent = error.name === "AbortError" ? `Stopped after ${((Date.now() - began) / 1000).toFixed(1)} s` : "The portal did not answer. Try again.";
    } finally {
      clearInterval(clock);
      running = null;
      run.disabled = false;
      stop.hidden = true;
    }
  };

  form.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter.hasAttribute("formaction")) return;
    event.preventDefault();
    send();
  });
  stop.addEventListener("click", () => { if (running) running.abort(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && running) running.abort();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && document.activeElement === sql) {
      event.preventDefault();
      send();
    }
  });
  for (const name of document.querySelectorAll("code[data-name]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain name";
    button.textContent = name.textContent;
    button.setAttribute("aria-label", `put ${name.dataset.name} into the query`);
    button.addEventListener("click", (event) => {
      event.preventDefault();
      sql.setRangeText(name.dataset.name, sql.selectionStart, sql.selectionEnd, "end");
      sql.focus();
    });
    if (name.parentElement.tagName === "SUMMARY") name.parentElement.after(button), button.textContent = "Insert the name";
    else name.replaceWith(button);
  }
  for (const text of document.querySelectorAll(".with-script")) text.hidden = false;
  if (sql.dataset.line) go(Number(sql.dataset.line), Number(sql.dataset.column));
  if (isPressed) send();
});
