// The desk takes pictures that are dropped or pasted anywhere on it: they are put with those that the story goes on from.
// It keeps in the browser what is being written, until a story begins with it: a reload loses no word.
import { receive } from "./uploads.js";

const PATIENCE = 5000; // ms until a fold that was opened has surely built what is in it

const DRAFT = "interleave-request";
const WRITTEN = "#request, [id^=note-]"; // the fields that hold words

export function mount() {
  draft(document.querySelector("#composer"));
  receive(document.querySelector("#composer"), async (files) => {
    document.querySelector("#pictures > button.label-wrap:not(.open)")?.click();
    const tray = await found("#start-pictures .tray[data-ready]");
    tray?.dispatchEvent(new CustomEvent("put", { detail: files }));
  });
}

/** An element, once it is on the page: Gradio builds what is in a fold when the fold is first opened. */
async function found(place) {
  const end = performance.now() + PATIENCE;
  while (performance.now() < end) {
    const element = document.querySelector(place);
    if (element) return element;
    await new Promise(requestAnimationFrame);
  }
  return null;
}

function draft(composer) {
  composer.addEventListener("input", ({ target }) => {
    const field = target.closest(WRITTEN);
    if (field) keep({ ...kept(), [field.id]: target.value });
  });
  addEventListener("studio:open", () => keep({}));
  restore(kept());
}

/** Puts the words back; a fold that holds some is opened, because Gradio knows no field that it has not built. */
async function restore(words) {
  for (const [id, value] of Object.entries(words)) {
    if (!value) continue;
    if (id.startsWith("note-")) document.querySelector("#notes > button.label-wrap:not(.open)")?.click();
    const area = await found(`#${CSS.escape(id)} textarea, #${CSS.escape(id)} input`);
    if (!area || area.value) continue; // somebody writes already
    area.value = value;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(DRAFT) ?? "{}");
  } catch {
    return {};
  }
}

function keep(words) {
  try {
    localStorage.setItem(DRAFT, JSON.stringify(words));
  } catch {
    // a browser that keeps nothing: the fields themselves still hold the words
  }
}
