// The receipt of a file looks for news every 2 seconds and shows them; a dataset's report downloads once it is ready.
"use strict";
const receipt = document.getElementById("receipt");
const state = () => receipt.firstElementChild.dataset;
let tag = receipt.dataset.tag;
let failures = 0;

function download() {
  const link = document.createElement("a");
  link.href = state().download;
  link.download = "";
  receipt.append(link);
  link.click();
  link.remove();
}

async function look() {
  if (document.hidden) return;
  const was = state();
  try {
    const answer = await fetch(location.href, { headers: { "X-Vsf-Part": "receipt", "If-None-Match": tag } });
    if (answer.status === 200 && !answer.redirected) {
      const text = await answer.text();
      await whenReleased();
      tag = answer.headers.get("ETag");
      const open = document.activeElement && receipt.contains(document.activeElement) ? document.activeElement.href : "";
      receipt.innerHTML = text;
      document.title = receipt.querySelector("h1").textContent + " · VSF portal";
      if (open) [...receipt.querySelectorAll("a")].find((link) => link.href === open)?.focus();
      if (!was.download && state().download) download();
    }
    failures = answer.ok || answer.status === 304 ? 0 : failures + 1;
  } catch {
    failures += 1;
  }
}

async function follow() {
  while (state().settled !== "yes" && failures < 30) {
    await new Promise((resume) => setTimeout(resume, 2000));
    await look();
  }
}
follow();
