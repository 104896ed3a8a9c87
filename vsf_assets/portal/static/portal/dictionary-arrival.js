// The page of an upload: asks for its state, shows itself again when that changes, and starts the download of its findings
// once. Without JavaScript the page does both by itself.
"use strict";
const arrival = document.getElementById("arrival");
const { state, address, report, id } = arrival.dataset;
if (report) {
  const key = `downloaded-${id}`;
  if (!sessionStorage.getItem(key)) {
    sessionStorage.setItem(key, "yes");
    document.getElementById("report").click();
  }
} else if (state === "sending" || state === "landed") {
  const look = async () => {
    const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
    const found = answer && answer.ok ? await answer.json().catch(() => null) : null;
    if (found && found.state !== state) location.reload();
    else setTimeout(look, 2000);
  };
  setTimeout(look, 1000);
}
