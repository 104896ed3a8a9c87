// Tells when no button or link is pressed: a page that replaced what stands under the pointer would lose the click.
// Here: what pages that replace a part of themselves wait for; they load it before their fields.
"use strict";
const pressed = new Set();
const CLICKED = "a, button, label, summary, input[type=checkbox]";
addEventListener("pointerdown", (event) => { if (event.button === 0 && event.target.closest(CLICKED)) pressed.add("pointer"); }, true);
for (const end of ["pointerup", "pointercancel", "contextmenu"]) addEventListener(end, () => pressed.delete("pointer"), true);
addEventListener("keydown", (event) => { if (event.key === " " && event.target.closest(CLICKED)) pressed.add("space"); }, true);
addEventListener("keyup", (event) => { if (event.key === " ") pressed.delete("space"); }, true);
addEventListener("blur", () => pressed.clear());  // of the window: what is released elsewhere is not heard here

// Resolves when nothing is pressed, and what a release clicked on has been told.
async function whenReleased() {
  while (pressed.size) await new Promise((resume) => setTimeout(resume, 20));
}
