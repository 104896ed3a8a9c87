// The selects of a dictionary: a choice shows its page at once, and what was chosen below it is gone.
// The page loads it before its fields, so that no choice is too early.
"use strict";
document.addEventListener("change", (event) => {
  const cascade = event.target.closest("#cascade");
  if (!cascade || !event.target.matches("select")) return;
  const selects = [...cascade.querySelectorAll("select")];
  const address = new URLSearchParams();
  for (const each of selects.slice(0, selects.indexOf(event.target) + 1)) if (each.value) address.append(each.name, each.value);
  location.assign(`${cascade.getAttribute("action")}${address.size ? "?" : ""}${address}`);
});
