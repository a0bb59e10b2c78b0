// A tray of pictures in the composer: those that a story goes on from, in their order, or those that it looks at. Each is
// looked at and sent as soon as it is put in, from a file, by dropping or pasting, or from the camera.
import { hasCamera, snapshot } from "./camera.js";
import { say } from "./speech.js";
import { receive, sent } from "./uploads.js";

export function mount(element, { props, upload, watch }) {
  const root = element.querySelector(".tray");
  const part = (name) => root.querySelector(`[data-${name}]`);
  const most = Number(root.dataset.most);
  let pictures = []; // { name, shown: an address here, file: what names it at the studio, once it is there }

  const complain = (fault) => {
    part("fault").textContent = fault;
    part("fault").hidden = !fault;
  };

  async function put(files) {
    complain("");
    const room = files.slice(0, Math.max(most - pictures.length, 0));
    if (room.length < files.length) complain(say("At most {most} pictures fit here; the others were left out.", { most }));
    await Promise.all(
      room.map(async (file) => {
        const picture = { name: file.name, shown: URL.createObjectURL(file), file: null };
        pictures.push(picture);
        show();
        try {
          picture.file = await sent(file, upload);
          show();
        } catch (error) {
          remove(picture);
          complain(say(error.message));
        }
      }),
    );
  }

  function remove(picture) {
    pictures = pictures.filter((other) => other !== picture);
    URL.revokeObjectURL(picture.shown);
    show();
  }

  function move(picture, by) {
    const from = pictures.indexOf(picture);
    pictures.splice(from, 1);
    pictures.splice(from + by, 0, picture);
    show();
  }

  /** Shows the pictures as they are, and tells the field. */
  function show() {
    part("list").replaceChildren(...pictures.map(item));
    root.classList.toggle("tray-full", pictures.length >= most);
    const files = pictures.map((picture) => picture.file).filter(Boolean);
    if (JSON.stringify(files) !== JSON.stringify(props.value ?? [])) props.value = files;
  }

  function item(picture, place) {
    const made = part("item").content.firstElementChild.cloneNode(true);
    const button = (name, label, act, possible = true) => {
      const found = made.querySelector(`[data-do="${name}"]`);
      found.setAttribute("aria-label", say("{action} picture {number}", { action: say(label), number: place + 1 }));
      found.hidden = !possible;
      found.addEventListener("click", () => {
        act();
        const again = part("list").children[pictures.indexOf(picture)] ?? root;
        (again.querySelector(`[data-do="${name}"]:not([hidden])`) ?? again.querySelector("button:not([hidden])"))?.focus();
      });
    };
    const ordered = "ordered" in root.dataset && pictures.length > 1;
    made.classList.toggle("tray-sending", !picture.file);
    made.querySelector("img").src = picture.shown;
    made.querySelector("img").alt = say("Picture {number}: {name}", { number: place + 1, name: picture.name });
    made.querySelector("[data-last]").hidden = !("ordered" in root.dataset && place === pictures.length - 1);
    button("earlier", say("Move earlier:"), () => move(picture, -1), ordered && place > 0);
    button("later", say("Move later:"), () => move(picture, +1), ordered && place < pictures.length - 1);
    button("remove", say("Remove"), () => remove(picture));
    return made;
  }

  part("choose").addEventListener("click", () => part("file").click());
  part("file").addEventListener("change", (event) => {
    put([...event.target.files]);
    event.target.value = ""; // so that the same file can be chosen again
  });
  part("camera").hidden = !hasCamera();
  part("camera").addEventListener("click", async () => {
    const picture = await snapshot();
    part("camera").focus();
    if (picture) put([picture]);
  });
  receive(root, put);
  root.addEventListener("put", (event) => put(event.detail)); // from elsewhere on the composer
  watch("value", () => {
    if (props.value?.length || !pictures.some((picture) => picture.file)) return;
    pictures = []; // the story has begun
    show();
  });
  root.dataset.ready = "yes";
}
