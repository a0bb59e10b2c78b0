// Keys that work anywhere on the review page and rest while a person types, and the dialog in which each can be changed.
// An action is named by where it belongs and its first key: "skip", "attempt:a".
import { say } from "./speech.js";

const PLACE = "studio.review.keys";
const TYPING = "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable=true]";
const OWN_SPACE = "button, summary, a, input"; // what the browser does something with itself when Space is pressed
const NEVER = ["Tab", "Enter", "Escape", "Shift", "Control", "Alt", "Meta", "AltGraph", "Dead", "Process", "Unidentified"];
const CALLED = { " ": say("Space"), ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Backspace: "⌫" };

export function keys(review, frame) {
  const { root } = review;
  const dialog = root.querySelector("[data-help]");
  const list = root.querySelector("[data-key-list]");
  const fault = root.querySelector("[data-key-fault]");
  let moved = restored(), waiting = null; // the action that waits for its new key

  Object.assign(review, { openKeys, writeKeys });
  document.addEventListener("keydown", pressed);
  document.addEventListener("keyup", (event) => lift(plain(event)));
  window.addEventListener("blur", () => Object.values(review.part()?.lifted ?? {}).forEach((act) => act()));
  dialog.addEventListener("keydown", choose);
  dialog.addEventListener("close", () => (waiting = null));
  dialog.addEventListener("click", (event) => {
    const action = event.target.closest("[data-action]")?.dataset.action;
    if (action) wait(action);
    if (event.target.closest("[data-do=reset-keys]")) keep({});
  });
  writeKeys(root);

  /** All that can be done with keys just now: the frame's, and those of the kind that is reviewed. */
  function actions() {
    const kind = review.kind();
    const own = review.moduleOf(kind)?.KEYS ?? [];
    return [
      ...own.map(([key, words]) => ({ name: `${kind}:${key}`, first: key, words, own: true })),
      ...Object.entries(frame).map(([name, { key, words }]) => ({ name, first: key, words, own: false })),
    ];
  }

  function keyOf({ name, first }) {
    return moved[name] ?? first;
  }

  function pressed(event) {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (root.querySelector("dialog[open]") || event.target.closest?.(TYPING)) return;
    const key = plain(event);
    if ((key === " " || key === "Enter") && event.target.closest?.(OWN_SPACE)) return;
    if (key.startsWith("Arrow") && event.target.closest?.("[type=radio], [type=range]")) return;
    const action = actions().find((one) => keyOf(one) === key);
    if (!action && key !== "Backspace") return;
    event.preventDefault();
    if (event.repeat) return; // one press, one decision
    if (!action) return frame.undo.act();
    if (action.own) review.part()?.keys[action.first]?.(event);
    else frame[action.name].act();
  }

  function lift(key) {
    const action = actions().find((one) => one.own && keyOf(one) === key);
    if (action) review.part()?.lifted?.[action.first]?.();
  }

  // ---------------------------------------------------------------- changing them

  function openKeys() {
    tell();
    dialog.showModal();
  }

  function tell(said = "") {
    fault.textContent = said;
    const rows = actions().map((action) => {
      const row = document.createElement("div"), name = document.createElement("dt"), words = document.createElement("dd");
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "key-button" });
      button.dataset.action = action.name;
      button.textContent = waiting === action.name ? say("press a key …") : called(keyOf(action));
      button.setAttribute("aria-label", say("{key}: {what}", { key: button.textContent, what: action.words }));
      words.textContent = action.words;
      name.append(button);
      row.append(name, words);
      return row;
    });
    const held = document.activeElement?.dataset.action ?? waiting;
    list.replaceChildren(...rows);
    list.querySelector(`[data-action="${CSS.escape(held ?? "")}"]`)?.focus();
  }

  function wait(action) {
    waiting = action;
    tell();
  }

  function choose(event) {
    if (!waiting) return;
    const key = plain(event);
    if (["Shift", "Control", "Alt", "Meta"].includes(key)) return; // a capital is on its way
    event.preventDefault();
    const action = actions().find(({ name }) => name === waiting);
    waiting = null;
    if (key === "Escape") return tell();
    if (NEVER.includes(key) || event.ctrlKey || event.metaKey || event.altKey) return tell(say("This key has another use here: take another."));
    const other = actions().find((one) => one.name !== action.name && keyOf(one) === key);
    if (other || key === "Backspace") {
      return tell(say("{key} is taken: {what}.", { key: called(key), what: other?.words ?? frame.undo.words }));
    }
    keep({ ...moved, [action.name]: key });
  }

  function keep(chosen) {
    moved = chosen;
    try {
      localStorage.setItem(PLACE, JSON.stringify(moved));
    } catch {
      // they hold until the page is left
    }
    tell();
    writeKeys(root);
  }

  /** Says on buttons and beside words which key is theirs. */
  function writeKeys(place) {
    const kind = review.kind();
    for (const element of place.querySelectorAll("[data-key-of], [data-frame-key]")) {
      const { keyOf: first, frameKey } = element.dataset;
      const key = called(frameKey ? keyOf({ name: frameKey, first: frame[frameKey].key }) : keyOf({ name: `${kind}:${first}`, first }));
      if (element.tagName === "KBD") element.textContent = key;
      else element.title = key;
    }
  }
}

const plain = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);
const called = (key) => CALLED[key] ?? (key.length === 1 ? key.toUpperCase() : key);

function restored() {
  try {
    const found = JSON.parse(localStorage.getItem(PLACE)) ?? {};
    return Object.fromEntries(Object.entries(found).filter(([, key]) => typeof key === "string"));
  } catch {
    return {};
  }
}
