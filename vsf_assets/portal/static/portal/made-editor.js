// The editor of a schema: its buttons and a change of a type replace the form in place; the first rows follow each change.
// The page loads it before its fields, so that no key is too early. While an answer is under way, what is pressed waits for
// its turn, and an answer to a form that was changed meanwhile is not shown: the changed form is sent for another one.
"use strict";
const queue = [];
let underWay = "";
let changes = 0;
let previews = 0;
let waiting = 0;
let isKept = true;

const byId = (id) => document.getElementById(id);
const isOfEditor = (element) => Boolean(element.closest("#editor"));

function press(action) {
  queue.push(action);
  previews += 1; // an answer with first rows that is under way comes too late
  if (!underWay) sendQueue();
}

async function sendQueue() {
  while (queue.length) {
    underWay = queue.shift();
    if (!isPossible(underWay)) continue;
    const isShown = await send(underWay);
    queue.splice(0, queue.length, ...(isShown ? queue.map((each) => moved(each, underWay)).filter(Boolean) : []));
  }
  underWay = "";
}

async function send(action) {
  const from = document.activeElement, before = changes;
  let answer, sent;
  do {
    sent = changes;
    clearTimeout(waiting);
    if (action !== "preview") isKept = true;
    answer = await answerTo(action);
    if (!answer) return false;
    await whenReleased();
  } while (sent !== changes);
  show(answer, action, from, before !== changes);
  return true;
}

async function preview() {
  const sent = changes, mine = ++previews, from = document.activeElement;
  const isLate = () => underWay || sent !== changes || mine !== previews;
  if (isLate()) return;
  const answer = await answerTo("preview", isLate);
  await whenReleased();
  if (answer && !isLate()) show(answer, "preview", from, false);
}

function fieldsFor(action) {
  const fields = new URLSearchParams(new FormData(byId("editor-form")));
  fields.set("do", action);
  return { method: "POST", body: fields, headers: { "X-Vsf-Part": "editor" } };
}

// Returns the new form; "" if there is none: the page is left or shown anew, or the portal is away and the form stays.
async function answerTo(action, isLate = () => false) {
  try {
    const answer = await fetch(location.pathname, fieldsFor(action));
    const text = await answer.text();
    if (answer.status === 204) location.assign(answer.headers.get("X-Vsf-Next"));
    else if (!answer.redirected && text.includes("editor-form")) return text;
    else if (!isLate()) location.reload();
  } catch { /* the portal is away */ }
  return "";
}

// `from` had the focus when the action began. Whoever went on meanwhile, or changed a field, stays where they are.
function show(form, action, from, isChanged) {
  const rows = () => [...document.querySelectorAll("#editor .column-row details")];
  const open = rows().map((each) => each.open);
  const here = focusOf(), goesOn = here && (isChanged || document.activeElement !== from);
  byId("editor").innerHTML = form;
  if (action === "preview" || action === "type") rows().forEach((each, place) => { each.open = each.open || open[place]; });
  focusAfter(goesOn ? "" : action, here && { ...here, id: moved(here.id, action) });
}

function focusOf() {
  const here = document.activeElement;
  if (!here || !isOfEditor(here) || !here.id) return null;
  const selection = here.selectionStart !== undefined && here.type !== "checkbox" ? [here.selectionStart, here.selectionEnd] : null;
  return { id: here.id, selection };
}

function focusAfter(action, before) {
  const [what, row] = action.split("-");
  const count = document.querySelectorAll("#editor .column-row").length;
  const place = { add: count - 1, up: row - 1, down: +row + 1, remove: Math.min(row, count - 1) }[what];
  let target = place === undefined ? null : byId(`c${place}-name`);
  if (what === "save") target = document.querySelector("#editor [aria-invalid=true]") || document.querySelector("#editor .notice.error");
  if (!target && before) target = byId(before.id);
  if (!target) return;
  if (target.matches(".notice")) target.tabIndex = -1;
  target.focus({ preventScroll: place === undefined && what !== "save" });
  if (what === "add") target.select();
  else if (before && before.id === target.id && before.selection && target.setSelectionRange) target.setSelectionRange(...before.selection);
}

// What an action of a row ("up-2"), or the id of one of its fields ("c2-name"), is after another action; "" for a removed row.
function moved(text, action) {
  const found = /^(c|up-|down-|remove-)(\d+)(.*)$/.exec(text), [what, row] = action.split("-");
  if (!found || !["up", "down", "remove"].includes(what)) return text;
  const place = +found[2], other = what === "up" ? row - 1 : +row + 1;
  if (what === "remove") return place === +row ? "" : `${found[1]}${place > row ? place - 1 : place}${found[3]}`;
  return `${found[1]}${place === +row ? other : place === other ? row : place}${found[3]}`;
}

function isPossible(action) {
  const button = byId("editor-form") && document.querySelector(`#editor-form button[value="${action}"]`);
  return action === "type" ? Boolean(byId("editor-form")) : Boolean(button && !button.disabled);
}

document.addEventListener("submit", (event) => {
  if (!isOfEditor(event.target)) return;
  event.preventDefault();
  press(event.submitter && event.submitter.value ? event.submitter.value : "preview");
});
document.addEventListener("change", (event) => {
  if (!isOfEditor(event.target) || !event.target.matches("[data-changes]")) return;
  changes += 1;
  press("type");
});
document.addEventListener("input", (event) => {
  if (!isOfEditor(event.target) || event.target.matches("[data-changes]")) return;
  isKept = false;
  changes += 1;
  clearTimeout(waiting);
  waiting = setTimeout(preview, 700);
});
addEventListener("pagehide", () => {
  const action = /^(up|down|remove|add|type)/.test(underWay) ? underWay : "keep";
  if (!isKept && byId("editor-form")) fetch(location.pathname, { ...fieldsFor(action), keepalive: true });
});
document.addEventListener("keydown", (event) => {
  const what = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const row = event.target.closest("#editor .column-row");
  if (!event.altKey || !what || !row) return;
  event.preventDefault();
  press(row.querySelector(`button[value^="${what}-"]`).value);
});
