// Pictures on their way to the studio: found in what was dropped or pasted, looked at by this browser first, and sent.
// What a browser can show, the studio can use: other formats and huge photos are painted anew before they are sent.

const FORMATS = ["image/png", "image/jpeg", "image/webp"]; // that the studio reads
const MOST_PIXELS = 12e6; // below what the studio takes; more than any painter looks at
const MOST_BYTES = 8e6;
let underway = 0;

/** Takes the pictures that are dropped on a place of the page, or pasted into it. */
export function receive(place, put) {
  const taken = (event, transfer) => {
    const files = [...(transfer?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (!files.length) return;
    event.preventDefault();
    event.stopPropagation(); // the innermost place takes it
    put(files);
  };
  place.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    place.classList.add("drop-here");
  });
  for (const name of ["dragleave", "drop"]) place.addEventListener(name, () => place.classList.remove("drop-here"));
  place.addEventListener("drop", (event) => taken(event, event.dataTransfer));
  place.addEventListener("paste", (event) => taken(event, event.clipboardData));
}

/** Sends a picture; returns what names it in a field. Throws an error whose message is for a person. */
export async function sent(file, upload) {
  const ready = await sendable(file);
  hold(+1);
  try {
    const { path, url } = await upload(ready);
    return { path, url, orig_name: ready.name, mime_type: ready.type, meta: { _type: "gradio.FileData" } };
  } catch {
    throw new Error(`“${file.name}” could not be sent: the studio can't be reached, or the file is too large.`);
  } finally {
    hold(-1);
  }
}

async function sendable(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`“${file.name}” is not a picture that can be read: use a PNG, a JPEG or a WebP.`);
  }
  const large = bitmap.width * bitmap.height > MOST_PIXELS || file.size > MOST_BYTES;
  if (!large && FORMATS.includes(file.type)) return file;
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height)));
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  const brush = canvas.getContext("2d");
  brush.fillStyle = "white"; // as the studio does with what is transparent
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const painted = await canvas.convertToBlob(large ? { type: "image/jpeg", quality: 0.92 } : { type: "image/png" });
  return new File([painted], `${file.name.replace(/\.\w+$/, "")}.${large ? "jpg" : "png"}`, { type: painted.type });
}

/** A story is not begun while one of its pictures is still on its way. */
function hold(change) {
  underway += change;
  const start = document.querySelector("#start");
  if (start) start.disabled = underway > 0;
}
