// What was begun and not sent, or sent and perhaps taken back: kept in this browser, for each reviewer and item.

const PLACE = "studio.review.drafts", MOST = 100; // the oldest go first

const nameOf = (reviewer, item) => `${reviewer} ${JSON.stringify(item)}`;

function all() {
  try {
    return JSON.parse(localStorage.getItem(PLACE)) ?? {};
  } catch {
    return {}; // a browser that keeps nothing, or something that is not ours
  }
}

export const drafts = {
  of: (reviewer, item) => all()[nameOf(reviewer, item)] ?? null,

  put(reviewer, item, draft) {
    const { [nameOf(reviewer, item)]: _, ...others } = all();
    const kept = [...Object.entries(others), [nameOf(reviewer, item), draft]].slice(-MOST);
    try {
      localStorage.setItem(PLACE, JSON.stringify(Object.fromEntries(kept)));
    } catch {
      // full, or forbidden: what stands in the fields is still sent
    }
  },
};
