// The editor of a schema: its buttons and a change of a type replace the form in place; the first rows follow each change.
"use strict";
const editor = document.getElementById("editor");
let sent = 0;
let waiting = 0;
let isKept = true;

async function send(action) {
  const form = document.getElementById("editor-form");
  if (!form) return;
  clearTimeout(waiting);
  const mine = ++sent;
  const fields = new URLSearchParams(new FormData(form));
  fields.set("do", action);
  const before = focusOf();
  if (action !== "preview") isKept = true;
  let answer;
  try {
    answer = await fetch(location.pathname, { method: "POST", body: fields, headers: { "X-Vsf-Part": "editor" } });
  } catch {
    return;
  }
  if (mine !== sent) return;
  if (answer.status === 204) {
    location.assign(answer.headers.get("X-Vsf-Next"));
    return;
  }
  const text = await answer.text();
  if (mine !== sent || answer.redirected || !text.includes("editor-form")) {
    if (mine === sent) location.reload();
    return;
  }
  const open = [...editor.querySelectorAll(".column-row details")].map((each) => each.open);
  editor.innerHTML = text;
  if (action === "preview" || action === "type") [...editor.querySelectorAll(".column-row details")].forEach((each, place) => { each.open = each.open || open[place]; });
  focusAfter(action, before);
}

function focusOf() {
  const here = document.activeElement;
  if (!here || !editor.contains(here)) return null;
  const selection = here.selectionStart !== undefined && here.type !== "checkbox" ? [here.selectionStart, here.selectionEnd] : null;
  return { id: here.id, value: here.value, selection };
}

function focusAfter(action, before) {
  const [what, row] = action.split("-");
  const count = editor.querySelectorAll(".column-row").length;
  const place = { add: count - 1, up: row - 1, down: +row + 1, remove: Math.min(row, count - 1) }[what];
  let target = place === undefined ? null : document.getElementById(`c${place}-name`);
  if (what === "save") target = editor.querySelector("[aria-invalid=true]") || editor.querySelector(".notice.error");
  if (!target && before && before.id) target = document.getElementById(before.id);
  if (!target) return;
  if (target.matches(".notice")) target.tabIndex = -1;
  target.focus({ preventScroll: place === undefined && what !== "save" });
  if (what === "add") target.select();
  else if (before && before.id === target.id && before.selection && target.setSelectionRange) target.setSelectionRange(...before.selection);
}

editor.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.submitter && event.submitter.value ? event.submitter.value : "preview");
});
editor.addEventListener("change", (event) => {
  if (event.target.matches("[data-changes]")) send("type");
});
editor.addEventListener("input", (event) => {
  if (event.target.matches("[data-changes]")) return;
  isKept = false;
  sent += 1; // an answer that is under way does not replace what is being typed
  clearTimeout(waiting);
  waiting = setTimeout(() => send("preview"), 700);
});
addEventListener("pagehide", () => {
  const form = document.getElementById("editor-form");
  if (isKept || !form) return;
  const fields = new URLSearchParams(new FormData(form));
  fields.set("do", "keep");
  fetch(location.pathname, { method: "POST", body: fields, headers: { "X-Vsf-Part": "editor" }, keepalive: true });
});
editor.addEventListener("keydown", (event) => {
  const what = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const row = event.target.closest(".column-row");
  if (!event.altKey || !what || !row) return;
  event.preventDefault();
  const button = row.querySelector(`button[value^="${what}-"]`);
  if (!button.disabled) send(button.value);
});
