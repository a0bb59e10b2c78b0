// The desk takes pictures that are dropped or pasted anywhere on it: they are put with those that the story goes on from.
import { receive } from "./uploads.js";

const PATIENCE = 5000; // ms until a fold that was opened has surely built what is in it

export function mount() {
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
