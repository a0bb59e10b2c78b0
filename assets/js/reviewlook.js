// How pictures are looked at: one against another with a slider or in turns, and closer.
const CLOSER = ["1", "2", "4"]; // times

/** ``figure`` holds an after picture, and perhaps a before picture over it and one beside it; returns what can be done. */
export function comparing(figure) {
  const slide = figure.querySelector("[data-slide]");
  const tag = figure.querySelector("[data-tag]");
  slide?.addEventListener("input", () => figure.style.setProperty("--cut", `${slide.value}%`));

  function swap(yes = !figure.classList.contains("is-swapped")) {
    if (!slide) return false;
    figure.classList.toggle("is-swapped", yes);
    tag.textContent = yes ? tag.dataset.before : tag.dataset.after;
    return yes;
  }

  return {
    swap,
    look(view) {
      figure.dataset.view = view;
    },
  };
}

/** Makes the pictures in these places closer around the pointer, or its last place; returns the change to the next distance. */
export function zooming(places) {
  let times = 0;
  for (const place of places) {
    place.addEventListener("pointermove", (event) => {
      const { left, top, width, height } = place.getBoundingClientRect();
      const at = [((event.clientX - left) / width) * 100, ((event.clientY - top) / height) * 100];
      for (const each of places) each.style.setProperty("--at", `${at[0]}% ${at[1]}%`); // all of them, so that they can be compared
    });
    place.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !times) return; // the page scrolls, unless they are closer already
      event.preventDefault();
      set(event.deltaY < 0 ? Math.min(times + 1, CLOSER.length - 1) : Math.max(times - 1, 0));
    }, { passive: false });
  }

  function set(next) {
    times = next;
    for (const place of places) {
      place.style.setProperty("--times", CLOSER[times]);
      place.classList.toggle("is-close", times > 0);
    }
    return times > 0;
  }

  return () => set((times + 1) % CLOSER.length);
}
