// Keys that work anywhere on the page, and rest while a person types.

export function listenToKeys(studio) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("#request")) {
      document.querySelector("#start")?.click();
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable=true]")) return;
    if (studio.root.querySelector("dialog[open]")) return; // it has its own keys
    if (event.key === " " && event.target.closest?.("button, summary, a, [role=button]")) return;
    if (KEYS[event.key]?.(studio)) event.preventDefault();
  });
}

const can = (studio, act) => studio.story && studio.state?.acts.includes(act);

function press(studio, command, act) {
  if (!can(studio, act)) return false;
  studio.act(command);
  return true;
}

function swap(studio) {
  if (!studio.story) return false;
  studio.root.querySelector(`[data-do="show-${studio.root.dataset.view === "book" ? "board" : "book"}"]`).click();
  return true;
}

const KEYS = {
  " ": (studio) => press(studio, { kind: "resume" }, "resume") || press(studio, { kind: "pause" }, "pause"),
  Escape: (studio) => {
    const menu = document.querySelector(".menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      return true;
    }
    return press(studio, { kind: "pause", now: true }, "stop");
  },
  r: swap,
  R: swap,
  n: (studio) => (studio.compose(), true),
  N: (studio) => (studio.compose(), true),
  "?": (studio) => (studio.root.querySelector("[data-help]").showModal(), true),
};
