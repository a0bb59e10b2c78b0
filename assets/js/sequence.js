// The editor for a sequence to go on from: pieces in their order, each a picture, the text under it, or both.
import { say } from "./speech.js";
import { receive, sent } from "./uploads.js";

export function mount(element, { props, upload, watch }) {
  const root = element.querySelector(".sequence");
  const part = (name) => root.querySelector(`[data-${name}]`);
  const pieces = () => [...part("pieces").children];
  const most = Number(root.dataset.most);

  const complain = (fault) => {
    part("fault").textContent = fault;
    part("fault").hidden = !fault;
  };

  /** Tells the field, and numbers what is said of each piece. */
  function tell() {
    const all = pieces();
    const value = all.map((piece) => ({ text: piece.querySelector("textarea").value, picture: piece.file ?? null }));
    if (JSON.stringify(value) !== JSON.stringify(props.value ?? [])) props.value = value;
    all.forEach((piece, place) => {
      piece.querySelector("textarea").setAttribute("aria-label", say("Text of piece {number}", { number: place + 1 }));
      label(piece, "picture", piece.file ? say("Another picture for piece {number}", { number: place + 1 }) : say("Picture for piece {number}", { number: place + 1 }));
      label(piece, "up", say("Move piece {number} up", { number: place + 1 }), place === 0);
      label(piece, "down", say("Move piece {number} down", { number: place + 1 }), place === all.length - 1);
      label(piece, "remove", say("Remove piece {number}", { number: place + 1 }));
    });
    part("add").disabled = all.length >= most;
  }

  function label(piece, name, words, disabled = false) {
    const button = piece.querySelector(`[data-do="${name}"]`);
    button.setAttribute("aria-label", words);
    button.title = words;
    button.disabled = disabled;
  }

  function add() {
    if (pieces().length >= most) return;
    const piece = part("piece").content.firstElementChild.cloneNode(true);
    const put = ([file]) => illustrate(piece, file);
    part("pieces").append(piece);
    receive(piece, put);
    piece.querySelector("textarea").addEventListener("input", tell);
    piece.querySelector("[data-do=picture]").addEventListener("click", () => piece.querySelector("[data-file]").click());
    piece.querySelector("[data-file]").addEventListener("change", (event) => {
      put([...event.target.files]);
      event.target.value = "";
    });
    piece.querySelector("[data-do=up]").addEventListener("click", () => move(piece, -1, "up"));
    piece.querySelector("[data-do=down]").addEventListener("click", () => move(piece, +1, "down"));
    piece.querySelector("[data-do=remove]").addEventListener("click", () => remove(piece));
    tell();
    piece.querySelector("textarea").focus();
  }

  async function illustrate(piece, file) {
    if (!file) return;
    complain("");
    const image = piece.querySelector("img");
    piece.classList.add("piece-sending");
    try {
      piece.file = await sent(file, upload);
      image.src = URL.createObjectURL(file);
      image.hidden = false;
    } catch (error) {
      complain(say(error.message));
    }
    piece.classList.remove("piece-sending");
    tell();
  }

  function move(piece, by, name) {
    const all = pieces();
    const other = all[all.indexOf(piece) + by];
    if (by < 0) other.before(piece);
    else other.after(piece);
    tell();
    const button = piece.querySelector(`[data-do="${name}"]`);
    (button.disabled ? piece.querySelector("textarea") : button).focus();
  }

  function remove(piece) {
    const next = piece.nextElementSibling ?? piece.previousElementSibling;
    piece.remove();
    tell();
    (next?.querySelector("[data-do=remove]") ?? part("add")).focus();
  }

  part("add").addEventListener("click", add);
  watch("value", () => {
    if (props.value?.length) return;
    part("pieces").replaceChildren(); // the story has begun
    complain("");
    tell();
  });
  tell();
  root.dataset.ready = "yes";
}
