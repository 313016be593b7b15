// Nothing typed is lost: drafts save by themselves, a form is sent once, and only when the line is
// there; else the browser would put its own page in the place of what was typed.

const QUIET = 3000; // milliseconds without a key before a draft is saved
const AGAIN = 15000;

// A word to who fills in a form, below it, and read out.
export function tell(form, text, wrong = false) {
  const place = form.querySelector(".kept-at") ?? form.appendChild(document.createElement("p"));
  place.className = wrong ? "field-error kept-at" : "field-hint kept-at";
  place.setAttribute("aria-live", "polite");
  place.textContent = text;
}

// --- drafts ----------------------------------------------------------------------------------

function keepItself(form) {
  let timer = 0;
  let changes = 0;
  let saving = false;

  async function save() {
    if (form.dataset.sent || saving) return;
    saving = true;
    const saved = changes;
    const typed = new FormData(form);
    for (const name of [...typed.keys()]) if (name.startsWith("_file-")) typed.delete(name);
    typed.set("_do", "keep");
    try {
      const answer = await fetch(location.href, { method: "POST", body: typed, redirect: "manual" });
      // Signed out, or the task is gone: sending the form says so, and keeps what was typed.
      if (answer.status === 200) tell(form, await answer.text());
      if (changes !== saved) wait(QUIET);
    } catch {
      tell(form, form.dataset.keep, true);
      wait(AGAIN);
    } finally {
      saving = false;
    }
  }

  function wait(time) {
    clearTimeout(timer);
    timer = setTimeout(save, time);
  }

  form.addEventListener("input", () => {
    changes += 1;
    wait(QUIET);
  });
}

for (const form of document.querySelectorAll("form[data-keep]")) keepItself(form);

// --- sending ---------------------------------------------------------------------------------

async function reached() {
  const file = document.querySelector("link[rel=icon]").href;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 8000);
  try {
    await fetch(file, { method: "HEAD", cache: "no-store", signal: stop.signal });
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault(); // a second click; the server would answer it all the same
    return;
  }
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 10000); // the answer may never have come
  if (!form.dataset.cut || form.dataset.reached) {
    delete form.dataset.reached;
    return;
  }
  event.preventDefault();
  const button = event.submitter;
  form.dataset.asking = "yes"; // until the next page is there
  const there = await reached();
  delete form.dataset.sent;
  // Meanwhile the part that it stands in may have come anew: the one that stands there now counts.
  const pressed = button && !button.isConnected ? document.getElementById(button.id) : button;
  if (there && (pressed || !button)) {
    form.dataset.reached = "yes";
    form.requestSubmit(pressed);
    return;
  }
  delete form.dataset.asking;
  if (!there) tell(form, form.dataset.cut, true);
});

window.addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    delete form.dataset.asking;
  }
});
