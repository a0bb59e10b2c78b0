// Keys that work anywhere in the library, and rest while a person types.

const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable=true]";

export function listenToKeys(library) {
  const { root } = library;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey) return;
    if (root.querySelector("dialog[open], [data-menu]:popover-open")) return; // they have their own keys
    if (event.target.closest?.(TYPING)) {
      if (fromSearch(library, event)) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z" || event.shiftKey) return;
      event.preventDefault();
      library.undo();
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (KEYS[key]?.(library)) event.preventDefault();
  });
}

/** From the search field, the arrow goes down to the stories, and Esc lets go of it. */
function fromSearch(library, event) {
  if (event.target.name !== "words") return false;
  if (event.key === "ArrowDown") return focus(library.tales()[0]);
  if (event.key === "Escape" && !event.target.value) event.target.blur();
  return false;
}

const held = () => document.activeElement.closest?.(".tale");

function focus(tale) {
  if (!tale) return false;
  tale.querySelector(".tale-open").focus({ preventScroll: true });
  tale.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  return true;
}

/** Moves the focus by so many stories: from the one that has it, or to the first that is in sight. */
function move(library, by) {
  const tales = library.tales();
  const at = tales.indexOf(held());
  if (at < 0) return focus(tales.find((tale) => tale.getBoundingClientRect().top >= 0));
  const next = at + by;
  if (next < 0 || next >= tales.length) return true; // more may be on its way
  return focus(tales[next]);
}

function columns(library) {
  return getComputedStyle(library.root.querySelector("[data-tales]")).gridTemplateColumns.split(" ").length;
}

/** The stories that a key is about: those that are chosen, else the one that has the focus. */
function meant(library) {
  const picked = library.picked();
  return picked.length ? picked : held() ? [held()] : [];
}

const withTale = (act) => (library) => {
  if (held()) act(library, held());
  return Boolean(held());
};

const KEYS = {
  "/": ({ root }) => {
    const words = root.querySelector("[name=words]");
    words.focus();
    words.select();
    return true;
  },
  ArrowRight: (library) => move(library, 1),
  ArrowLeft: (library) => move(library, -1),
  ArrowDown: (library) => move(library, columns(library)),
  ArrowUp: (library) => move(library, -columns(library)),
  s: (library) => meant(library).length > 0 && (library.star(meant(library)), true),
  Delete: (library) => meant(library).length > 0 && (library.remove(meant(library)), true),
  x: withTale((library, tale) => library.pick(tale)),
  F2: withTale((library, tale) => library.rename(tale)),
  Escape: (library) => library.picked().length > 0 && (library.unpick(), true),
  "?": ({ root }) => (root.querySelector("[data-help]").showModal(), true),
};
