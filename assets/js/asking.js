// Before a change is made: which pictures it takes the ground from, and what shall become of them.

/** Resolves to "redraw", "keep" or "later"; null if they thought better of it. ``steps`` are those that lose their picture. */
export function askAbout(root, steps) {
  const dialog = root.querySelector("[data-ask]");
  const names = steps.map(({ number, title }) => `step ${number}, “${title}”`);
  const all = names.length > 1 ? `${names.slice(0, -1).join("; ")} and ${names.at(-1)}` : names[0];
  dialog.querySelector("[data-ask-words]").textContent =
    `${names.length > 1 ? "The pictures" : "The picture"} of ${all} would be stale: drawn on what this change takes away.`;
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
