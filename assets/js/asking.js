// Before a change is made: which pictures it takes the ground from, and what shall become of them.

import { say } from "./speech.js";

/** Resolves to "redraw", "keep" or "later"; null if they thought better of it. ``steps`` are those that lose their picture. */
export function askAbout(root, steps) {
  const dialog = root.querySelector("[data-ask]");
  const names = steps.map(({ number, title }) => say("step {number}, “{title}”", { number, title }));
  const words = names.length > 1
    ? say("The pictures of {first} and {last} would be stale: drawn on what this change takes away.", {
        first: names.slice(0, -1).join("; "),
        last: names.at(-1),
      })
    : say("The picture of {step} would be stale: drawn on what this change takes away.", { step: names[0] });
  dialog.querySelector("[data-ask-words]").textContent = words;
  dialog.showModal();
  dialog.querySelector("[data-stale=redraw]").focus();
  return new Promise((resolve) => {
    const chosen = (event) => {
      const button = event.target.closest("[data-stale]");
      if (button) dialog.close(button.dataset.stale);
    };
    dialog.returnValue = "";
    dialog.addEventListener("click", chosen);
    dialog.addEventListener("close", () => {
      dialog.removeEventListener("click", chosen);
      resolve(dialog.returnValue || null);
    }, { once: true });
  });
}
