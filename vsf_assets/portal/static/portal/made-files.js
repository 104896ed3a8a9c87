// The files of a schema: asks every 2 seconds for their states while one is being made, and shows what changed.
"use strict";
const files = document.getElementById("files");
let tag = files ? files.dataset.tag : "";
let failures = 0;
const isSettled = () => files.firstElementChild.dataset.settled === "yes";

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.pathname, { headers: { "X-Vsf-Part": "files", "If-None-Match": tag }, cache: "no-store" });
    if (answer.status === 200 && !answer.redirected) {
      const text = await answer.text();
      await whenReleased();
      tag = answer.headers.get("ETag");
      const focused = files.contains(document.activeElement) ? document.activeElement.href : "";
      files.innerHTML = text;
      if (focused) [...files.querySelectorAll("a")].find((link) => link.href === focused)?.focus();
    }
    failures = answer.ok || answer.status === 304 ? 0 : failures + 1;
  } catch {
    failures += 1;
  }
}

async function follow() {
  while (files && !isSettled() && failures < 30) {
    await new Promise((resume) => setTimeout(resume, 2000));
    await look();
  }
}
follow();
