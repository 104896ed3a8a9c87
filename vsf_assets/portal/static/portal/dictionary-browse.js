// The selects of a dictionary: a choice shows its page at once, and what was chosen below it is gone.
"use strict";
const cascade = document.getElementById("cascade");
const selects = [...cascade.querySelectorAll("select")];
for (const select of selects) {
  select.addEventListener("change", () => {
    const address = new URLSearchParams();
    for (const each of selects.slice(0, selects.indexOf(select) + 1)) if (each.value) address.append(each.name, each.value);
    location.assign(`${cascade.getAttribute("action")}${address.size ? "?" : ""}${address}`);
  });
}
