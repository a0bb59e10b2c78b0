// The story as a book that fills the screen: a page at a time, turned by keys, by clicks or by a swipe.

const SWIPE = 45; // px

export function reader(studio) {
  const { root } = studio;
  const dialog = root.querySelector("[data-reader]");
  const find = (name) => dialog.querySelector(`[data-${name}]`);
  let pages = [], at = 0, from = null;

  root.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name === "read-full") open();
    if (name === "turn-back") turn(-1);
    if (name === "turn") turn(1);
  });
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1, PageDown: 1, PageUp: -1, " ": 1 }[event.key];
    if (event.key === "Home") show(0);
    else if (event.key === "End") show(pages.length - 1);
    else if (!by || (event.key === " " && event.target.closest("button"))) return;
    else turn(rightToLeft() && event.key.startsWith("Arrow") ? -by : by);
    event.preventDefault();
  });
  dialog.addEventListener("pointerdown", (event) => (from = event.clientX));
  dialog.addEventListener("pointerup", (event) => {
    const way = from === null ? 0 : event.clientX - from;
    from = null;
    if (Math.abs(way) > SWIPE) turn((way < 0) === !rightToLeft() ? 1 : -1);
  });
  dialog.addEventListener("close", () => document.fullscreenElement && document.exitFullscreen());

  function open() {
    const title = root.querySelector(".book h1").cloneNode(true);
    const cover = document.createElement("section");
    const first = root.querySelector(".book .page img")?.cloneNode();
    if (first) cover.append(first);
    cover.append(title);
    cover.className = "page page-cover";
    pages = [cover, ...[...root.querySelectorAll(".book .page")].map((page) => page.cloneNode(true))];
    for (const picture of pages.flatMap((page) => [...page.querySelectorAll("img")])) picture.loading = "eager";
    dialog.showModal();
    dialog.requestFullscreen?.().catch(() => {}); // where it is refused, the dialog fills the window
    show(0);
    find("sheet").focus();
  }

  function turn(by) {
    show(Math.min(Math.max(at + by, 0), pages.length - 1));
  }

  function show(page) {
    const held = document.activeElement;
    at = page;
    find("sheet").replaceChildren(pages[at]);
    find("count").textContent = `${at + 1} / ${pages.length}`;
    dialog.querySelector('[data-do="turn-back"]').disabled = at === 0;
    dialog.querySelector('[data-do="turn"]').disabled = at === pages.length - 1;
    if (held?.disabled) find("sheet").focus(); // a button that can't be pressed any more would swallow all keys
  }

  const rightToLeft = () => getComputedStyle(find("sheet")).direction === "rtl";
}
