// Choosing several stories, to do something with all of them. What is chosen is what is ticked: nothing else remembers it.
import { say } from "./speech.js";

export function picking(library) {
  const { root } = library;
  const bar = root.querySelector("[data-picked]");
  let last = null; // ticked last: with Shift, all up to the next one are

  Object.assign(library, {
    picked: () => [...root.querySelectorAll("[data-pick]:checked")].map((box) => box.closest(".tale")),
    pick(tale, on = !box(tale).checked) {
      box(tale).checked = on;
      count();
    },
    unpick() {
      for (const tale of library.picked()) box(tale).checked = false;
      count();
    },
  });

  root.addEventListener("click", (event) => {
    if (event.target.closest("[data-do=unpick]")) library.unpick();
    if (!event.target.matches("[data-pick]")) return;
    const tale = event.target.closest(".tale");
    if (event.shiftKey && last?.isConnected) reach(last, tale, event.target.checked);
    last = tale;
    count();
  });
  library.addEventListener("changed", count);

  function reach(from, to, on) {
    const all = library.tales();
    const [first, final] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
    for (const tale of all.slice(first, final + 1)) box(tale).checked = on;
  }

  function count() {
    const picked = library.picked();
    root.classList.toggle("is-picking", picked.length > 0);
    bar.hidden = !picked.length;
    bar.querySelector("[data-picked-count]").textContent = say("{count} chosen", { count: picked.length });
    const all = picked.every((tale) => tale.classList.contains("is-starred"));
    bar.querySelector("[data-do=star-picked] span").textContent = all ? say("Unstar") : say("Star");
  }
}

const box = (tale) => tale.querySelector("[data-pick]");
