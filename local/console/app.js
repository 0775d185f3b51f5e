// @ts-check
// The page: which view is shown, and keeping it up to date.
/** @import { State, Trace } from "./types.d.ts" */
import { ConnectionLost, RequestFailed, load } from "./api.js";
import { commonPrefix } from "./format.js";
import { drawDeadLetters, drawNotifications, drawOverview, drawTraces } from "./overview.js";
import { update } from "./patch.js";
import { drawTrace } from "./trace.js";

/** Milliseconds between two looks at the data. */
const POLL = 1500;

const main = byId("main", HTMLElement);
const live = byId("live", HTMLElement);
const problem = byId("problem", HTMLElement);
const minutes = byId("minutes", HTMLSelectElement);

let shown = "";

async function refresh() {
  const view = location.hash.slice(1);
  try {
    const state = await load("/console/state?minutes=" + minutes.value);
    const trace = view.startsWith("trace/") ? await load("/console/traces/" + view.slice("trace/".length)) : "null";
    say("live");
    const now = [view, main.clientWidth, state, trace].join("\n");
    if (now === shown) return;
    draw(view, JSON.parse(state), JSON.parse(trace));
    shown = now;
    problem.hidden = true;
  } catch (error) {
    if (error instanceof ConnectionLost) say("connection lost", "lost");
    else if (error instanceof RequestFailed) say(error.message, "lost");
    else reportBug(error);
  }
}

/**
 * @param {string} view
 * @param {State} state
 * @param {Trace | null} trace
 */
function draw(view, state, trace) {
  const prefix = commonPrefix(state.functions), width = main.clientWidth;
  byId("notification-count", HTMLElement).textContent = String(state.notificationCount || "");
  byId("dead-letter-count", HTMLElement).textContent = String(state.deadLetterCount || "");
  if (trace) update(main, drawTrace(trace, prefix, width));
  else if (view === "notifications") update(main, drawNotifications(state));
  else if (view === "dead-letters") update(main, drawDeadLetters(state, prefix));
  else if (view === "traces") update(main, drawTraces(state));
  else update(main, drawOverview(state, prefix, width));
}

/**
 * @param {string} text
 * @param {string} kind
 */
function say(text, kind = "") {
  if (live.textContent !== text) live.textContent = text;
  live.className = kind;
}

/**
 * An exception that is not a failed request is an error in the page: it is said as such, with what is needed to report it.
 * @param {unknown} error
 */
function reportBug(error) {
  console.error(error);
  shown = ""; // What is shown may be half drawn.
  say("error in this page", "lost");
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  byId("problem-text", HTMLElement).textContent = text.includes(String(error)) ? text : `${error}\n${text}`;
  problem.hidden = false;
}

/**
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 */
function byId(id, kind) {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`index.html has no ${kind.name} with the id \`${id}\``);
}

window.addEventListener("error", ({ error }) => reportBug(error));
window.addEventListener("unhandledrejection", ({ reason }) => reportBug(reason));
window.addEventListener("resize", refresh);
window.addEventListener("hashchange", () => { window.scrollTo(0, 0); refresh(); });
minutes.addEventListener("change", refresh);
main.addEventListener("click", ({ target }) => {
  const row = target instanceof Element && !target.closest("a") ? target.closest("tr") : null;
  if (row?.dataset.href) location.hash = row.dataset.href;
});

(async function poll() {
  const began = performance.now();
  if (!document.hidden) await refresh();
  // Many traces take longer to draw; the page takes a fifth of the time at most.
  setTimeout(poll, Math.max(POLL, 5 * (performance.now() - began)));
})();
