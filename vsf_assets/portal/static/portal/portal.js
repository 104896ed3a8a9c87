// What a page does with JavaScript, and would do without: copies commands and links, and takes the second click of a
// double click on a form's button for what it is. Every page works without it.
"use strict";
for (const block of document.querySelectorAll("pre")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = "Copied";
  });
  block.append(button);
}

// The same form with the same fields within two seconds is under way already: a second one would be a second file, token
// or invitation.
const UNDER_WAY = 2000;
const sent = new WeakMap();
addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
  const fields = JSON.stringify([...new FormData(form, event.submitter)].map(([name, value]) => [name, value.name ?? value]));
  const before = sent.get(form);
  if (before?.fields === fields && performance.now() - before.at < UNDER_WAY) event.preventDefault();
  else sent.set(form, { fields, at: performance.now() });
});
