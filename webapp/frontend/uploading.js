// A file is on its way as soon as it is chosen, so that a form which is sent back, kept as a draft
// or shown in the other language has it. Without script it comes with the form.

import { tell } from "./keeping.js";

const isPicker = (element) => element instanceof HTMLInputElement && element.type === "file";

// What would be refused anyway does not travel first. Before htmx hears of the change.
document.addEventListener("change", (event) => {
  const input = event.target;
  if (!isPicker(input)) return;
  const files = [...input.files];
  const large = files.find((file) => file.size > Number(input.dataset.largest));
  const sum = files.reduce((size, file) => size + file.size, 0);
  if (!files.length || (!large && sum <= Number(input.dataset.sum))) return;
  event.stopPropagation();
  input.value = "";
  const said = large ? input.dataset.large.replace("{name}", large.name) : input.dataset.summed;
  tell(input.form, said, true);
}, true);

let told = -1; // in quarters: somebody who hears the page is not told every percent

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isPicker(event.detail.elt)) return;
  told = -1;
  if (!event.detail.elt.files.length) event.preventDefault(); // what was chosen was taken back
});

document.addEventListener("htmx:xhr:progress", (event) => {
  const input = event.target;
  if (!isPicker(input) || !event.detail.lengthComputable || !event.detail.total) return;
  const quarter = Math.floor((event.detail.loaded / event.detail.total) * 4);
  if (quarter === told) return;
  told = quarter;
  tell(input.form, input.form.dataset.uploading.replace("{n}", `${quarter * 25}%`));
});

document.addEventListener("htmx:sendError", (event) => {
  const input = event.detail.elt;
  if (isPicker(input)) tell(input.form, input.form.dataset.lost, true);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const input = event.detail.requestConfig?.elt;
  if (!isPicker(input)) return;
  const fresh = document.getElementById(input.id);
  const error = document.getElementById(`error-${input.name.replace("_file-", "")}`);
  tell(fresh.form, error ? error.textContent : fresh.form.dataset.uploaded, Boolean(error));
  fresh.dispatchEvent(new Event("input", { bubbles: true })); // a draft has it too
});

// Sent while a file is still on its way: that stops, and the file comes with the form.
document.addEventListener("submit", (event) => {
  for (const input of event.target.querySelectorAll("input[type=file]:disabled")) {
    input.disabled = false;
  }
}, true);
