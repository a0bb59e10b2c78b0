// Keys that work anywhere on the page, and rest while a person types.

export function listenToKeys(studio) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("#request")) {
      document.querySelector("#start")?.click();
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable=true]")) return;
    if (studio.root.querySelector("dialog[open]")) return; // it has its own keys
    if (event.ctrlKey || event.metaKey) {
      if (withControl(studio, event)) event.preventDefault();
      return;
    }
    if (event.key === " " && event.target.closest?.("button, summary, a, [role=button]")) return;
    if (KEYS[event.key]?.(studio)) event.preventDefault();
  });
}

/** Does the first of these acts that the story allows, as it is once commands on their way are done. */
function press(studio, ...acts) {
  const allowed = () => acts.find(([, act]) => studio.story && studio.state?.acts.includes(act));
  const pending = studio.pending;
  if (!pending) {
    const found = allowed();
    if (found) studio.act(found[0]);
    return Boolean(found);
  }
  pending.then(() => {
    const found = allowed();
    if (found) studio.act(found[0]);
  });
  return true;
}

function withControl(studio, event) {
  const name = event.key.toLowerCase() === "z" ? (event.shiftKey ? "redo" : "undo") : event.key.toLowerCase() === "y" ? "redo" : "";
  const button = name ? studio.root.querySelector(`.controls [data-do="${name}"]:not(:disabled)`) : null;
  if (studio.story) button?.click();
  return Boolean(button);
}

/** Moves the focus to another step's card: from the one that has it, or from the first that is in sight. */
function step(studio, by) {
  const cards = [...studio.root.querySelectorAll("[data-card]")].filter((card) => card.offsetParent);
  if (!cards.length) return false;
  const at = cards.indexOf(document.activeElement.closest?.("[data-card]"));
  const seen = cards.findIndex((card) => card.getBoundingClientRect().bottom > innerHeight / 3);
  const next = cards[at >= 0 ? at + by : Math.max(seen, 0)];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  return true;
}

/** Moves the focus through the attempts of the step that has it; from the first one up, back to the step. */
function attempt(studio, by) {
  const card = document.activeElement.closest?.("[data-card]");
  const list = card?.querySelector("details.attempts");
  if (!list) return false;
  list.open ||= by > 0;
  const pictures = [...list.querySelectorAll(".attempt-picture")];
  const at = pictures.indexOf(document.activeElement);
  const next = at < 0 && by < 0 ? null : at + by < 0 ? card : pictures[Math.min(at + by, pictures.length - 1)];
  next?.focus();
  return Boolean(next);
}

function editStep() {
  const button = document.activeElement.closest?.("[data-card]")?.querySelector('[data-do="edit"]');
  button?.click();
  return Boolean(button);
}

function swap(studio) {
  if (!studio.story) return false;
  studio.root.querySelector(`[data-do="show-${studio.root.dataset.view === "book" ? "board" : "book"}"]`).click();
  return true;
}

const KEYS = {
  " ": (studio) => press(studio, [{ kind: "resume" }, "resume"], [{ kind: "pause" }, "pause"]),
  Escape: (studio) => {
    const menu = document.querySelector(".menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      return true;
    }
    return press(studio, [{ kind: "pause", now: true }, "stop"]);
  },
  ArrowRight: (studio) => step(studio, 1),
  ArrowLeft: (studio) => step(studio, -1),
  ArrowDown: (studio) => attempt(studio, 1),
  ArrowUp: (studio) => attempt(studio, -1),
  e: editStep,
  E: editStep,
  r: swap,
  R: swap,
  n: (studio) => (studio.compose(), true),
  N: (studio) => (studio.compose(), true),
  "?": (studio) => (studio.root.querySelector("[data-help]").showModal(), true),
};
