// What the review page asks the server, and in which order: it hears of things as they were done.
import { say } from "./speech.js";

export function calling(review, server) {
  const lost = review.root.querySelector("[data-lost]");
  let failures = 0, calls = Promise.resolve();

  /** Who asks, and of which items. */
  function about() {
    return { as: review.name(), query: review.query(), zone: -new Date().getTimezoneOffset() };
  }

  /** Asks the server; its answer, or one whose ``error`` says why there is none. */
  async function ask(name, call = {}, who = about()) {
    try {
      const answer = await server[name]({ ...who, ...call });
      if (answer) {
        reached(true);
        return answer; // Gradio's client answers with nothing when the server could not be reached
      }
    } catch (error) {
      console.warn("The studio did not answer.", error);
    }
    reached(false);
    return { error: say("The studio can't be reached. Nothing was changed; try again in a moment."), unreached: true };
  }

  function reached(yes) {
    failures = yes ? 0 : failures + 1;
    lost.hidden = failures < 2;
  }

  /** Does this after all that was begun before it. */
  function inTurn(act) {
    calls = calls.then(act).catch((error) => console.error(error));
    return calls;
  }

  Object.assign(review, { about, ask, inTurn });
}
