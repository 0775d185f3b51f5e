// @ts-check
// The page: it keeps up to date what the URL says is shown.
/** @import { State, Trace } from "./types.d.ts" */
import { ConnectionLost, RequestFailed, load } from "./api.js";
import { el } from "./dom.js";
import { commonPrefix } from "./format.js";
import { drawDeadLetters, drawNotifications, drawOverview, drawTraces } from "./overview.js";
import { update } from "./patch.js";
import { formatRoute, parseRoute } from "./route.js";
import { drawTrace, drawUnknownTrace } from "./trace.js";

/** Milliseconds between two looks at the data. */
const POLL = 1500;

const main = byId("main", HTMLElement);
const live = byId("live", HTMLElement);
const problem = byId("problem", HTMLElement);
const minutes = byId("minutes", HTMLSelectElement);
const filter = byId("filter", HTMLInputElement);
const title = document.title;

let route = parseRoute(location.hash);
/** The last answers as they came, for the trace null where there is none. */
let state = "", trace = /** @type {string | null} */ (null);
/** What was drawn: the route and the answers. */
let shown = "";
/** How many refreshes began; an answer that was overtaken by a later refresh is dropped. */
let refreshes = 0;

/** Asks for what the route needs, and draws it. */
async function refresh() {
  refreshes += 1;
  const number = refreshes;
  try {
    const answers = await Promise.all([load("/console/state?minutes=" + route.minutes), loadTrace()]);
    if (number !== refreshes) return;
    [state, trace] = answers;
    draw();
    say("live");
  } catch (error) {
    if (number !== refreshes) return;
    if (error instanceof ConnectionLost) say("connection lost", "lost");
    else if (error instanceof RequestFailed) say(error.message, "lost");
    else reportBug(error);
  }
}

/** The selected trace, null where there is none. */
async function loadTrace() {
  if (route.view !== "trace") return null;
  try {
    return await load("/console/traces/" + encodeURIComponent(route.trace));
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return null;
    throw error;
  }
}

/** Draws the answers, unless they are shown already. */
function draw() {
  const wanted = [formatRoute(route), frameWidth(), state, trace].join("\n");
  if (wanted === shown) return;
  const parsed = JSON.parse(state);
  byId("notification-count", HTMLElement).textContent = String(parsed.notificationCount || "");
  byId("dead-letter-count", HTMLElement).textContent = String(parsed.deadLetterCount || "");
  update(main, content(parsed, trace === null ? null : JSON.parse(trace)));
  shown = wanted;
  problem.hidden = true;
}

/**
 * @param {State} state
 * @param {Trace | null} trace
 */
function content(state, trace) {
  const prefix = commonPrefix(state.functions), width = frameWidth();
  switch (route.view) {
    case "trace": return trace ? drawTrace(trace, state, route, prefix, width) : drawUnknownTrace(route);
    case "traces": return drawTraces(state, route);
    case "notifications": return drawNotifications(state, route);
    case "dead-letters": return drawDeadLetters(state, route, prefix);
    case "map": return drawOverview(state, route, prefix, width);
  }
}

/** The width that a section has for its content. */
function frameWidth() {
  const section = main.querySelector("section");
  if (!section) throw new Error("index.html has no section");
  const { paddingLeft, paddingRight } = getComputedStyle(section);
  return section.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
}

/** Follows the URL to another view. */
function follow() {
  const before = route;
  route = parseRoute(location.hash);
  showRoute();
  if (route.view !== before.view || route.trace !== before.trace) {
    // The link that was followed is gone; a reader at the keyboard goes on from the top of the new view.
    main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  refresh();
}

/** Shows the route in the title, the controls and the links. */
function showRoute() {
  document.title = route.view === "trace" ? `${route.trace} – ${title}` : title;
  const value = String(route.minutes);
  if (![...minutes.options].some((option) => option.value === value)) minutes.append(el("option", { value }, value + " min"));
  minutes.value = value;
  if (filter.value !== route.filter) filter.value = route.filter;
  byId("filter-label", HTMLElement).hidden = route.view !== "map" && route.view !== "traces";
  for (const link of document.querySelectorAll("a[data-view]")) {
    const { view } = parseRoute("#" + link.getAttribute("data-view"));
    link.setAttribute("href", formatRoute({ ...route, view }));
    if (view === route.view && link.closest("nav")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** @param {string} id a span's */
function openSpan(id) {
  const details = [...main.querySelectorAll("details")].find((each) => each.dataset.key === id);
  if (!details) return;
  details.open = true;
  details.querySelector("summary")?.focus({ preventScroll: true });
  details.scrollIntoView({ block: "center" });
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
window.addEventListener("resize", () => { if (state) draw(); });
window.addEventListener("hashchange", follow);
minutes.addEventListener("change", () => { location.hash = formatRoute({ ...route, minutes: Number(minutes.value) }); });
filter.addEventListener("input", () => {
  // Typing makes no history of its own.
  route.filter = filter.value;
  history.replaceState(null, "", formatRoute(route));
  showRoute();
  if (state) draw();
});
main.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  const opens = target.closest("[data-opens]")?.getAttribute("data-opens");
  if (opens) return openSpan(opens);
  // A row is a large link, but whoever selects text in it does not want to leave.
  const row = target.closest("a") || !getSelection()?.isCollapsed ? null : target.closest("tr");
  if (row?.dataset.href) location.hash = row.dataset.href;
});

showRoute();
(async function poll() {
  const began = performance.now();
  if (!document.hidden) await refresh();
  // Many traces take longer to draw; the page takes a fifth of the time at most.
  setTimeout(poll, Math.max(POLL, 5 * (performance.now() - began)));
})();
