// The entry of vendor/app.js. Every page also works without it.
import htmx from "htmx.org";
import "./inserting.js";
import "./keeping.js";
import "./timing.js";
import "./uploading.js";

htmx.config.allowEval = false; // the pages' policy forbids it anyway
htmx.config.includeIndicatorStyles = false; // no inline style
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // nothing about callers stays in the browser's storage
htmx.config.scrollIntoViewOnBoost = false;
htmx.config.attributesToSettle = ["class", "width", "height"]; // a style would be refused, as above

document.documentElement.classList.add("js");

// What somebody types while the server draws the form again must not be lost: the values that
// stand in the old fields at the moment of the swap go into the new ones.
const kept = new Map();
const unfolded = new Map();

function controls(root) {
  return root.querySelectorAll("input, select, textarea");
}

function slot(control) {
  const choice = control.type === "checkbox" || control.type === "radio";
  return choice ? `${control.name} ${control.value}` : control.name;
}

document.addEventListener("htmx:beforeSwap", (event) => {
  kept.clear();
  unfolded.clear();
  for (const fold of event.detail.target.querySelectorAll("details[id]")) {
    unfolded.set(fold.id, fold.open);
  }
  for (const control of controls(event.detail.target)) {
    if (control.type !== "hidden" && control.type !== "file" && control.name) {
      kept.set(slot(control), control.type === "checkbox" || control.type === "radio"
        ? control.checked : control.value);
    }
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  // The target of the event is the old element, which is no longer in the page.
  const fresh = document.getElementById(event.detail.target.id);
  for (const control of fresh ? controls(fresh) : []) {
    if (control.type === "hidden" || !kept.has(slot(control))) continue;
    const value = kept.get(slot(control));
    if (typeof value === "boolean") control.checked = value;
    else control.value = value;
  }
  kept.clear();
  // What was unfolded stays so; what the server unfolds is news.
  for (const [id, open] of unfolded) {
    const fold = document.getElementById(id);
    if (fold && open) fold.open = true;
  }
});

// A page that refreshes parts of itself does not pull them from under somebody's hands: while
// something is being written, or a part has the focus, the notice alone says that there is news.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const at = document.activeElement;
  if (at?.matches("main input, main select, main textarea") || event.detail.target.contains(at)) {
    event.detail.shouldSwap = false;
  }
});

// Long lists can be narrowed by typing; without script they are simply long.
function narrowing(list) {
  const box = document.createElement("input");
  box.type = "search";
  box.className = "form-control narrow-list";
  box.autocomplete = "off";
  box.placeholder = list.dataset.filter;
  box.setAttribute("aria-label", list.dataset.filter);
  box.addEventListener("change", (event) => event.stopPropagation()); // it answers no question
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  list.before(box);
  return box;
}

function narrowSelect(list) {
  const all = [...list.options];
  narrowing(list).addEventListener("input", (event) => {
    const wanted = event.target.value.trim();
    const kept = all.filter((option) => !option.value || option.selected || option.label.includes(wanted));
    list.replaceChildren(...kept);
  });
}

function narrowBoxes(list) {
  const box = narrowing(list);
  const rows = [...list.querySelectorAll(".form-check")];
  const count = document.createElement("p");
  count.className = "field-hint";
  list.after(count);
  const tell = () => {
    const n = list.querySelectorAll("input:checked").length;
    count.textContent = n ? list.dataset.chosen.replace("{n}", n) : "";
  };
  list.addEventListener("change", tell);
  box.addEventListener("input", () => {
    const wanted = box.value.trim();
    for (const row of rows) {
      row.hidden = !row.textContent.includes(wanted) && !row.querySelector("input").checked;
    }
  });
  tell();
}

function narrowAll(root) {
  for (const list of root.querySelectorAll("[data-filter]")) {
    if (list instanceof HTMLSelectElement) narrowSelect(list);
    else narrowBoxes(list);
  }
}

narrowAll(document);
document.addEventListener("htmx:afterSwap", (event) => {
  const fresh = document.getElementById(event.detail.target.id);
  if (fresh) narrowAll(fresh);
});

// A box that checks all others that go with a form.
document.addEventListener("change", (event) => {
  const form = event.target.dataset?.checkAll;
  if (!form) return;
  for (const box of document.querySelectorAll(`input[type=checkbox][form="${form}"]`)) {
    box.checked = event.target.checked;
  }
});

// A key that answers a question wherever one is writing: somebody may be in danger.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const box = [...document.querySelectorAll("[data-shortcut]")].find(
    (one) => one.dataset.shortcut === event.key,
  );
  if (!box) return;
  event.preventDefault();
  box.click();
});

// A suggestion that is taken fills its fields here; what cannot be filled so, the server fills.
function fill(form, key, text) {
  const found = form.elements[key];
  const boxes = found instanceof RadioNodeList ? [...found] : [found].filter(Boolean);
  const box = boxes.find((one) => one.type !== "radio" || one.value === text);
  if (!box) return false;
  if (box.type === "radio") box.checked = true;
  else box.value = text;
  if (box.value !== text) return false; // a list that was narrowed does not have it
  box.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[name=_take]");
  if (!button) return;
  const pairs = JSON.parse(button.value);
  if (!pairs.every(([key, text]) => fill(button.form, key, text))) return;
  event.preventDefault();
  button.form.elements[pairs[0][0]].focus?.();
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}

// An answer of a fragment route that is no fragment (signed out, ticket gone) is a page: show it.
document.addEventListener("htmx:responseError", (event) => {
  const form = event.detail.elt.closest("form"); // none: figures that refresh themselves, later
  if (form) form.requestSubmit(form.querySelector("[value=update]"));
});

// The summary of errors is read out first, as the GOV.UK pattern asks. Where there is none and
// somebody is on the line, one begins to write at once.
(document.querySelector("[data-focus-first]")
  ?? document.querySelector("[data-begin] :is(input:not([type=hidden]), textarea)"))?.focus();
