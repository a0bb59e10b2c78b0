// A picture from the camera, in a dialog of its own. The camera is on only while the dialog is open.

import { say, translate } from "./speech.js";

const MARKUP = `
  <h2 id="camera-title">Take a picture</h2>
  <video autoplay playsinline muted aria-label="What the camera sees"></video>
  <p role="alert" hidden></p>
  <div class="camera-acts">
    <button type="button" class="desk-button desk-button-main" data-take disabled>Take it</button>
    <button type="button" class="desk-button" data-cancel>Cancel</button>
  </div>`;

export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia); // only on https and on one's own computer

/** Asks for one picture; null if none was taken. */
export async function snapshot() {
  const dialog = document.createElement("dialog");
  dialog.className = "camera";
  dialog.setAttribute("aria-labelledby", "camera-title");
  dialog.innerHTML = MARKUP;
  translate(dialog);
  document.body.append(dialog);
  dialog.addEventListener("keydown", (event) => event.stopPropagation()); // the page's own keys rest
  const video = dialog.querySelector("video"), take = dialog.querySelector("[data-take]");
  const taken = new Promise((resolve) => {
    take.addEventListener("click", () => resolve(still(video)));
    dialog.querySelector("[data-cancel]").addEventListener("click", () => resolve(null));
    dialog.addEventListener("cancel", () => resolve(null)); // Esc
  });
  dialog.showModal();
  const opening = open(dialog, video, take);
  const picture = await taken;
  dialog.close();
  dialog.remove();
  (await opening)?.getTracks().forEach((track) => track.stop());
  return picture;
}

async function open(dialog, video, take) {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    video.addEventListener("loadeddata", () => {
      take.disabled = false;
      take.focus();
    });
    return stream;
  } catch {
    const fault = dialog.querySelector("[role=alert]");
    fault.textContent = say("The camera can't be used: allow it in your browser, or add a picture from a file.");
    fault.hidden = false;
    video.hidden = true;
    return null;
  }
}

async function still(video) {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
  return new File([blob], "camera.jpg", { type: blob.type });
}
