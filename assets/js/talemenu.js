// The menu of a story's card: one for all, opened beside the button that asked for it.

const MARGIN = 8; // px that it keeps from the window's edge

export function taleMenu(library) {
  const { root } = library;
  const menu = root.querySelector("[data-menu]");
  let opener = null;

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do=more]");
    if (button) return show(button);
    if (event.target.closest(".menu-item")) menu.hidePopover();
  });
  menu.addEventListener("keydown", (event) => {
    const items = [...menu.querySelectorAll(".menu-item")];
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const place = { Home: 0, End: -1 }[event.key] ?? (by && (items.indexOf(document.activeElement) + by) % items.length);
    if (place === undefined) return;
    event.preventDefault();
    items.at(place).focus();
  });
  menu.addEventListener("toggle", (event) => {
    const open = event.newState === "open";
    opener?.setAttribute("aria-expanded", String(open));
    if (open) menu.querySelector(".menu-item").focus({ preventScroll: true });
  });
  document.addEventListener("scroll", () => menu.matches(":popover-open") && menu.hidePopover(), { passive: true });

  function show(button) {
    const tale = button.closest(".tale");
    opener = button;
    library.story = library.idOf(tale);
    menu.querySelector("[data-menu-open]").href = tale.querySelector(".tale-open").getAttribute("href");
    menu.setAttribute("aria-label", tale.dataset.title);
    menu.showPopover();
    const at = button.getBoundingClientRect(), size = menu.getBoundingClientRect();
    const below = at.bottom + size.height + MARGIN < innerHeight;
    menu.style.top = `${Math.max(below ? at.bottom + 4 : at.top - size.height - 4, MARGIN)}px`;
    menu.style.left = `${Math.min(Math.max(at.right - size.width, MARGIN), innerWidth - size.width - MARGIN)}px`;
  }
}
