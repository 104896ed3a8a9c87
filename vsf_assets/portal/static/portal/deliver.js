// Sends files from the page "Deliver files": a bar each, three at a time, going on where a line broke.
// Here: choosing, asking the API what a file is, sending its bytes, and what is remembered over a reload. Without this
// script the form of the page sends small files.
"use strict";
(() => {
  const form = document.getElementById("deliver");
  const chosen = document.getElementById("id_files");
  const drop = document.getElementById("drop");
  const list = document.getElementById("uploads");
  const csrf = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const feeds = JSON.parse(document.getElementById("feeds").textContent);
  const AT_ONCE = 3;
  const LONGEST_WAIT = 30;
  const KEY = "vsf-uploads";
  const rows = [];
  let running = 0;

  // What the form says of files: who sends them for which team, what they are, and what they mend.
  const chosenTarget = () => {
    const field = (name) => (form.elements[name] ? form.elements[name].value.trim() : "");
    return { account: form.dataset.account, team: field("team"), feed: field("feed"), partition: field("partition"), mends: form.dataset.mends };
  };

  // What is remembered: how to go on with an upload if the page, the browser or the machine went away meanwhile. The same
  // file for another account, team, feed, partition or mend is another upload.
  const keyOf = (file, target) => JSON.stringify([target.account, target.team, target.feed, target.partition, target.mends, file.name, file.size, file.lastModified]);
  const remembered = () => {
    try { return JSON.parse(localStorage.getItem(KEY)) || {}; } catch { return {}; }
  };
  const remember = (key, upload) => {
    const all = remembered();
    if (upload) all[key] = upload; else delete all[key];
    try { localStorage.setItem(KEY, JSON.stringify(all)); } catch { /* nothing is remembered then */ }
  };

  const newId = () => {
    const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };
  const isOpen = (upload) => new Date(upload.expires) > new Date();

  const element = (tag, properties = {}, ...inside) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  };
  const size = (bytes) => {
    for (const [limit, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
      if (bytes >= limit) return `${(bytes / limit).toFixed(1)} ${unit}`;
    }
    return `${bytes} bytes`;
  };
  const plain = (text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `<U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);
  const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

  class Row {
    constructor(file) {
      this.file = file;
      this.target = chosenTarget();
      this.state = "waiting";
      this.name = element("strong", { textContent: plain(file.name) });
      this.size = element("span", { className: "quiet", textContent: size(file.size) });
      this.bar = element("progress", { max: Math.max(file.size, 1), value: 0 });
      this.bar.setAttribute("aria-label", `Sent of ${plain(file.name)}`);
      this.words = element("p", { className: "words", textContent: "waits for its turn" });
      this.cancel = element("button", { type: "button", className: "plain", textContent: "Give up" });
      this.cancel.addEventListener("click", () => this.giveUp());
      this.item = element("li", {}, element("div", { className: "upload-head" }, this.name, this.size, this.cancel), this.bar, this.words);
      list.append(this.item);
    }

    say(state, text, ...more) {
      this.state = state;
      this.item.className = state;
      this.words.replaceChildren(text, ...more);
      this.cancel.hidden = !["waiting", "sending", "broken", "asking"].includes(state);
      this.bar.hidden = !["waiting", "sending", "broken"].includes(state);
      summarize();
    }

    get key() {
      return keyOf(this.file, this.target);
    }

    end() {
      remember(this.key, null);
      showBroken();
    }

    landed(receipt) {
      this.end();
      const link = element("a", { href: new URL(receipt, location).pathname, textContent: "See its receipt" });
      this.say("landed", "● landed. ", link);
    }

    refused(why) {
      this.end();
      this.say("refused", `▲ not delivered: ${why}.`);
    }

    async giveUp() {
      this.stopped = true;
      if (this.request) this.request.abort();
      if (this.upload) await fetch(`/api/v1/uploads/${this.upload.id}`, { method: "DELETE", headers: { "X-CSRFToken": csrf } }).catch(() => null);
      this.end();
      this.say("canceled", "○ given up; nothing of it is kept.");
    }

    // Ask for what the name does not tell, beside the file.
    ask(problem, given) {
      const feed = element("select", { ariaLabel: "Feed" }, element("option", { value: "", textContent: "choose the feed" }));
      for (const name of problem.missing === "feed" && problem.choices.length ? problem.choices.filter((c) => c in feeds) : Object.keys(feeds)) feed.append(element("option", { value: name, textContent: name }));
      feed.value = "";
      if (problem.feed || given.feed) feed.value = problem.feed || given.feed;
      const place = element("span", { className: "inline" });
      const showPartition = () => {
        const about = feeds[feed.value] || { noun: "", keys: [] };
        place.replaceChildren();
        if (!about.noun) return;
        const field = about.keys.length ? element("select", { ariaLabel: about.noun }) : element("input", { ariaLabel: about.noun, size: 14, placeholder: about.example });
        for (const key of about.keys) field.append(element("option", { value: key, textContent: key }));
        field.className = "partition";
        place.append(element("span", { textContent: about.noun }), field);
      };
      feed.addEventListener("change", showPartition);
      showPartition();
      const again = element("button", { type: "button", textContent: "Send" });
      again.addEventListener("click", () => {
        if (!feed.value) return feed.focus();
        const field = place.querySelector(".partition");
        this.target = { ...this.target, feed: feed.value, partition: field ? field.value.trim() : "" };
        this.say("waiting", "waits for its turn");
        next();
      });
      this.say("asking", `◇ ${problem.detail.split("; ")[0]}.`, element("span", { className: "inline" }, "It is of", feed, place, again));
    }

    async begin() {
      const known = remembered()[this.key];
      if (known && isOpen(known) && !rows.some((each) => each.upload && each.upload.id === known.id)) {
        this.upload = known;
        return true;
      }
      const { account, ...target } = this.target;
      const text = JSON.stringify(target);
      if (this.announced !== text) {  // a request whose answer was lost is sent again; another one is new
        this.announced = text;
        this.announcement = newId();
      }
      const answer = await fetch("/api/v1/uploads", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrf, "Idempotency-Key": this.announcement },
        body: JSON.stringify({ file_name: this.file.name, bytes: this.file.size, ...target }),
      });
      const content = await answer.json().catch(() => ({ detail: `the portal answered ${answer.status}` }));
      if (answer.status === 201) {
        this.upload = { id: content.id, path: new URL(content.url).pathname, token: content.token, receipt: content.receipt, expires: content.expires_at, account, name: this.file.name, size: this.file.size, what: [content.feed, content.partition].filter(Boolean).join(" ") };
        remember(this.key, this.upload);
        return true;
      }
      if (answer.status === 422 && content.missing) this.ask(content, target);
      else if (answer.status >= 500 && answer.status !== 507) throw new Error("away");
      else this.refused(content.detail);
      return false;
    }

    // Where the upload goes on; null if it cannot.
    async offset() {
      const answer = await fetch(this.upload.path, { method: "HEAD", headers: { "X-Vsf-Upload-Token": this.upload.token } });
      if (answer.status >= 500) throw new Error("away");
      if (answer.status !== 200) return null;
      const state = answer.headers.get("X-Vsf-Upload-State");
      if (state === "landed") this.landed(this.upload.receipt);
      return state === "refused" ? null : Number(answer.headers.get("Upload-Offset"));
    }

    put(offset) {
      return new Promise((done) => {
        const request = new XMLHttpRequest();
        this.request = request;
        request.open("PUT", this.upload.path);
        request.setRequestHeader("X-Vsf-Upload-Token", this.upload.token);
        request.setRequestHeader("Upload-Offset", String(offset));
        request.setRequestHeader("Content-Type", "application/octet-stream");
        request.upload.addEventListener("progress", (event) => this.moved(offset + event.loaded));
        request.addEventListener("loadend", () => done(request));
        request.send(this.file.slice(offset));
      });
    }

    moved(bytes) {
      this.bar.value = bytes;
      if (this.state === "sending") this.words.textContent = bytes < this.file.size ? `${size(bytes)} of ${size(this.file.size)} sent` : "all sent; it is flushed to the disk and gets its name";
    }

    // Send until the file has landed or was refused; a line that breaks is tried again, more and more seldom.
    async send() {
      let wait = 1;
      while (!this.stopped) {
        try {
          if (!this.upload && !(await this.begin())) return;
          const offset = await this.offset();
          if (this.state === "landed") return;
          if (offset === null) {
            this.upload = null;
            this.announced = "";
            remember(this.key, null);
            continue;
          }
          this.say("sending", offset ? `goes on at ${size(offset)}` : "is sent");
          this.bar.value = offset;
          const request = await this.put(offset);
          if (this.stopped) return;
          const answer = this.answerOf(request);
          if (request.status === 201) return this.landed(answer.receipt);
          if (this.isFinal(request.status, answer)) return this.refused(answer.detail);
          if (this.bar.value > offset) wait = 1;
        } catch {
          if (this.stopped) return;
        }
        this.say("broken", `the line broke; it goes on by itself in ${wait} s`);
        await pause(wait);
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
    }

    answerOf(request) {
      try { return JSON.parse(request.responseText); } catch { return { detail: `the portal answered ${request.status}` }; }
    }

    isFinal(status, answer) {
      const passing = ["urn:vsf:upload-busy", "urn:vsf:upload-offset", "urn:vsf:upload-shorter", "urn:vsf:too-slow"];
      return status >= 400 && status < 500 && !passing.includes(answer.type);
    }
  }

  const next = () => {
    while (running < AT_ONCE) {
      const row = rows.find((each) => each.state === "waiting" && !each.started);
      if (!row) return;
      row.started = true;
      running += 1;
      row.send().finally(() => {
        running -= 1;
        row.started = false;
        next();
      });
    }
  };

  const summarize = () => {
    const count = (state) => rows.filter((row) => row.state === state).length;
    const landed = count("landed");
    const parts = [`${landed} of ${rows.length} file${rows.length === 1 ? "" : "s"} landed`];
    if (count("refused")) parts.push(`${count("refused")} not delivered`);
    if (count("asking")) parts.push(`${count("asking")} need an answer`);
    if (count("broken")) parts.push(`${count("broken")} interrupted`);
    document.getElementById("summary").textContent = parts.join(", ");
    document.getElementById("sending").hidden = rows.length === 0;
  };

  const add = (files) => {
    for (const file of files) rows.push(new Row(file));
    chosen.value = "";
    summarize();
    next();
  };

  const showBroken = () => {
    const known = Object.entries(remembered()).filter(([key]) => !rows.some((row) => row.key === key));
    const items = known.map(([key, upload]) => {
      const forget = element("button", { type: "button", className: "plain", textContent: "Give up" });
      forget.addEventListener("click", async () => {
        await fetch(`/api/v1/uploads/${upload.id}`, { method: "DELETE", headers: { "X-CSRFToken": csrf } }).catch(() => null);
        remember(key, null);
        showBroken();
      });
      return element("li", {}, element("div", { className: "upload-head" }, element("strong", { textContent: plain(upload.name) }), element("span", { className: "quiet", textContent: `${plain(upload.what)}, ${size(upload.size)}` }), forget));
    });
    document.getElementById("remembered").replaceChildren(...items);
    document.getElementById("broken").hidden = items.length === 0;
  };

  for (const [key, upload] of Object.entries(remembered())) {
    if (upload.account !== form.dataset.account || !isOpen(upload)) remember(key, null);  // of somebody else, or too late
  }
  showBroken();
  form.addEventListener("submit", (event) => event.preventDefault());
  chosen.addEventListener("change", () => add([...chosen.files]));
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  window.addEventListener("beforeunload", (event) => {
    if (rows.some((row) => ["sending", "broken"].includes(row.state))) event.preventDefault();
  });
  window.addEventListener("online", next);
  if (chosen.files.length) add([...chosen.files]);  // before this script was there
})();
