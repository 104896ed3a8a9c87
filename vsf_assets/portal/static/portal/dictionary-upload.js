// The form that delivers a dictionary: tells dropped files apart by their headers before anything is sent, and sends them
// with a progress bar each, going on at the byte where the line broke. Without JavaScript the form is a plain one.
"use strict";
const form = document.getElementById("dictionary-upload");
const { members, aliases } = JSON.parse(form.dataset.headers);
const inputs = [...form.querySelectorAll("input[type=file]")];
const messages = form.querySelector(".messages");
const HEAD_BYTES = 65536;
const TRIES = 30;

const word = (kind) => kind.replace(/\.csv$/, "");
const folded = (name) => name.trim().normalize("NFC").toLowerCase();
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

function say(texts) {
  messages.replaceChildren(...texts.map((text) => {
    const line = document.createElement("p");
    line.className = "notice error";
    line.textContent = text;
    return line;
  }));
}

function fields(text, delimiter) {
  const found = [""];
  let quoted = false;
  for (let place = 0; place < text.length; place += 1) {
    const letter = text[place];
    if (quoted && letter === '"' && text[place + 1] === '"') { found[found.length - 1] += '"'; place += 1; }
    else if (letter === '"' && (quoted || found[found.length - 1].trim() === "")) quoted = !quoted;
    else if (!quoted && letter === delimiter) found.push("");
    else if (!quoted && (letter === "\n" || letter === "\r")) break;
    else found[found.length - 1] += letter;
  }
  return found;
}

function kindOfText(text) {
  let rest = text.replace(/^\ufeff/, "");
  const delimiters = [",", ";"];
  for (;;) {
    const line = rest.slice(0, rest.indexOf("\n") + 1);
    const noted = /^"?sep=(.)"?\s*$/i.exec(line.trim());
    if (noted) delimiters.unshift(noted[1]);
    else if (!line || !/^[\s,;]*$/.test(line)) break;
    rest = rest.slice(line.length);
  }
  for (const delimiter of delimiters) {
    const names = fields(rest, delimiter).map(folded);
    while (names.length && !names[names.length - 1]) names.pop();
    const known = names.map((name) => aliases[name] || name).sort().join("\n");
    for (const [kind, columns] of Object.entries(members)) {
      if (known === columns.map(folded).sort().join("\n")) return kind;
    }
  }
  return "";
}

async function sorted(files) {
  const found = new Map();
  const wrong = [];
  for (const file of files) {
    const kind = kindOfText(await file.slice(0, HEAD_BYTES).text());
    if (!kind) wrong.push(`${file.name} has none of the three headers; its first line must name the columns below one of the fields.`);
    else if (found.has(kind)) wrong.push(`${found.get(kind).name} and ${file.name} are both ${word(kind)}; leave one of them out.`);
    else found.set(kind, file);
  }
  return { found, wrong };
}

const chosen = () => inputs.flatMap((input) => [...input.files]);

function put(found) {
  for (const input of inputs) {
    const file = found.get(`${input.dataset.kind}.csv`);
    const list = new DataTransfer();
    if (file) list.items.add(file);
    input.files = list.files;
  }
}

async function sort(files) {
  const { found, wrong } = await sorted(files);
  if (!wrong.length) { put(found); known = found; }
  say(wrong);
  return { found, wrong };
}

form.noValidate = true;
form.querySelector(".drop").hidden = false;

let known = new Map();  // what the fields held before the last choice, by kind

// A file that was chosen in the field of another kind goes to its own, and the file that stood there stays.
async function choose(input) {
  const { found, wrong } = await sorted(input.files);
  const kept = new Map(known);
  if (!input.files.length) kept.delete(`${input.dataset.kind}.csv`);
  for (const [kind, file] of found) {
    const other = known.get(kind);
    if (other && other !== file && kind !== `${input.dataset.kind}.csv`) {
      wrong.push(`${file.name} and ${other.name} are both ${word(kind)}; leave one of them out.`);
    } else kept.set(kind, file);
  }
  put(wrong.length ? known : kept);
  if (!wrong.length) known = kept;
  say(wrong);
}

for (const input of inputs) input.addEventListener("change", () => choose(input));
if (chosen().length) sort(chosen());  // chosen before this script was there
for (const kind of ["dragenter", "dragover"]) {
  form.addEventListener(kind, (event) => { event.preventDefault(); form.querySelector(".drop").classList.add("over"); });
}
form.addEventListener("dragleave", (event) => {
  if (!form.contains(event.relatedTarget)) form.querySelector(".drop").classList.remove("over");
});
form.addEventListener("drop", async (event) => {
  event.preventDefault();
  form.querySelector(".drop").classList.remove("over");
  const dropped = [...event.dataTransfer.files];
  const { found } = await sorted(dropped);
  const kept = await Promise.all(chosen().map(async (file) => [file, (await sorted([file])).found]));
  const others = kept.filter(([, own]) => [...own.keys()].every((kind) => !found.has(kind))).map(([file]) => file);
  await sort([...others, ...dropped]);  // a dropped file takes the place of a chosen one of its kind
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = form.elements.name.value.trim();
  const { found, wrong } = await sort(chosen());
  const missing = Object.keys(members).filter((kind) => !found.has(kind));
  const texts = [...wrong];
  if (!name || name.startsWith(".")) texts.unshift("Give the dictionary a name; it does not begin with a dot.");
  if (!wrong.length && missing.length) texts.push(`The file of ${missing.map(word).join(" and of ")} is missing; add it.`);
  say(texts);
  if (texts.length) return;
  const button = form.querySelector("button.main");
  button.disabled = true;
  try {
    await deliver(name, found);
  } catch (error) {
    say([error.message]);
    button.disabled = false;
  }
});

async function deliver(name, found) {
  const files = [...found].map(([kind, file]) => ({ kind: word(kind), file_name: file.name, bytes: file.size }));
  const answer = await fetch(`/api/v1/datasets/${encodeURIComponent(name)}/versions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    body: JSON.stringify({ files }),
  }).catch(() => { throw new Error("The portal does not answer; try again."); });
  const begun = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(sentence(begun.detail, answer.status));
  const bars = progressOf(begun.uploads, found);
  for (const upload of begun.uploads) await send(upload, found.get(`${upload.kind}.csv`), bars.get(upload.kind));
  location.assign(`/dictionaries/${encodeURIComponent(name)}/deliveries/${begun.id}/`);
}

function sentence(detail, status) {
  const text = detail || `The portal answered with status ${status}; try again`;
  return text[0].toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".");
}

function progressOf(uploads, found) {
  const place = form.querySelector(".progress");
  place.hidden = false;
  const bars = new Map();
  place.replaceChildren(...uploads.map(({ kind }) => {
    const line = document.createElement("p");
    const label = document.createElement("label");
    const bar = document.createElement("progress");
    bar.id = `progress-${kind}`;
    label.htmlFor = bar.id;
    label.textContent = found.get(`${kind}.csv`).name;
    bar.max = Math.max(found.get(`${kind}.csv`).size, 1);
    bar.value = 0;
    bars.set(kind, bar);
    line.append(label, bar);
    return line;
  }));
  return bars;
}

async function send(upload, file, bar) {
  let offset = 0;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { status, detail } = await putBytes(upload, file, offset, bar);
    if (status >= 200 && status < 300) { bar.value = bar.max; return; }
    if (status >= 400 && status < 500 && status !== 408 && status !== 409 && status !== 423 && status !== 429) throw new Error(sentence(detail, status));
    await pause(Math.min(2 ** tries / 2, 10));
    const state = await fetch(upload.url, { method: "HEAD", headers: { "X-Vsf-Upload-Token": upload.token } }).catch(() => null);
    if (state && state.headers.get("x-vsf-upload-state") === "landed") return;
    if (state && state.headers.get("x-vsf-upload-state") === "refused") throw new Error(sentence(detail, status));
    if (state && state.ok) offset = Number(state.headers.get("upload-offset"));
  }
  throw new Error(`${file.name} did not arrive: the line broke ${TRIES} times. Deliver again.`);
}

function putBytes(upload, file, offset, bar) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("PUT", upload.url);
    request.setRequestHeader("X-Vsf-Upload-Token", upload.token);
    if (offset) request.setRequestHeader("Upload-Offset", String(offset));
    request.upload.addEventListener("progress", (event) => { bar.value = offset + event.loaded; });
    request.addEventListener("load", () => {
      let detail = "";
      try { detail = JSON.parse(request.responseText).detail || ""; } catch { /* an answer without a problem */ }
      done({ status: request.status, detail });
    });
    request.addEventListener("error", () => done({ status: 0, detail: "" }));
    request.send(offset ? file.slice(offset) : file);
  });
}
