// Reads where a picture came from, out of the text that the studio put into its PNG.

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const MOST_CHUNKS = 200;

/** The texts of a PNG by their names; empty for any other file. */
export async function textsOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (SIGNATURE.some((byte, place) => bytes[place] !== byte)) return {};
  const view = new DataView(bytes.buffer), texts = {};
  let at = SIGNATURE.length;
  for (let chunk = 0; chunk < MOST_CHUNKS && at + 12 <= bytes.length; chunk++) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (kind === "iTXt") Object.assign(texts, textOf(bytes.subarray(at + 8, at + 8 + length)));
    if (kind === "IDAT") break; // the studio's texts stand before the pixels
    at += 12 + length;
  }
  return texts;
}

/** One text chunk: its name, two bytes that say it is not compressed, two more names, and the text. */
function textOf(chunk) {
  const name = chunk.indexOf(0), language = chunk.indexOf(0, name + 3), title = chunk.indexOf(0, language + 1);
  if (name < 0 || chunk[name + 1] || language < 0 || title < 0) return {};
  const read = (from, to) => new TextDecoder().decode(chunk.subarray(from, to));
  return { [read(0, name)]: read(title + 1) };
}
