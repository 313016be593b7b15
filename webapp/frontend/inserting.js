// A text kept ready goes in where one is writing, and replaces nothing. Without script the server
// puts it after what was typed.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-insert]");
  if (!button) return;
  event.preventDefault();
  const list = button.parentElement.querySelector("select");
  const text = list.selectedOptions[0]?.dataset.text;
  const field = document.getElementById(button.dataset.insert);
  if (!text || !field) return list.focus();
  const at = field.selectionEnd;
  const before = at > 0 && field.value[at - 1] !== "\n" ? "\n" : "";
  const after = at < field.value.length && field.value[at] !== "\n" ? "\n" : "";
  field.setRangeText(before + text + after, at, at, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
