// @ts-check
// The page: it keeps up to date what the URL says is shown.
/** @import { Route } from "./route.js" */
/** @import { State, SubjectAnswer, Trace } from "./types.d.ts" */
import { ConnectionLost, RequestFailed, load } from "./api.js";
import { drawComparison } from "./compare.js";
import { filter, minutes, showRoute, until } from "./controls.js";
import { copy } from "./copy.js";
import { byId } from "./dom.js";
import { exportTrace, importTraces } from "./exchange.js";
import { commonPrefix } from "./format.js";
import { chooseFiles, onFilesChosen } from "./importing.js";
import { pressed, toFailure } from "./keyboard.js";
import { drawDeadLetters, drawEvents, drawInvocations, drawLogs, drawNotifications } from "./lists.js";
import { drawOverview } from "./overview.js";
import { update } from "./patch.js";
import { preferNearest } from "./pointer.js";
import { formatRoute, isList, parseRoute, queryOf } from "./route.js";
import { drawCompletions, drawFilterError, staleNote } from "./search.js";
import { drawTrace, drawUnknownTrace } from "./trace.js";
import { drawTraces } from "./traces.js";

/** Milliseconds between two looks at the data. */
const POLL = 1500;
/** Milliseconds after which what is typed is looked for. */
const TYPING = 250;
/** How many traces the first view lists. */
const ROWS = 25;
/** What of the state each view shows, and how many rows. */
const SHOWN = {
  map: { show: "map,traces,notifications,dead-letters", rows: ROWS },
  traces: { show: "traces", rows: 0 }, events: { show: "events", rows: 0 }, logs: { show: "logs", rows: 0 }, invocations: { show: "invocations", rows: 0 },
  notifications: { show: "notifications", rows: 0 }, "dead-letters": { show: "dead-letters", rows: 0 },
  trace: { show: "none", rows: 0 }, compare: { show: "none", rows: 0 },
};

const main = byId("main", HTMLElement);
const live = byId("live", HTMLElement);
const problem = byId("problem", HTMLElement);

let route = parseRoute(location.hash);
/**
 * The last answers as they came: the state, and what else the view needs; null where there is none.
 * @type {[string, ...(string | null)[]] | null}
 */
let answers = null;
/**
 * What was shown last of a filter without an error: while the reader types, it stays.
 * @type {{ route: Route, state: State, rest: any[] } | null}
 */
let good = null;
/** What was drawn: the route and the answers. */
let shown = "";
/** How many refreshes began; an answer that was overtaken by a later refresh is dropped. */
let refreshes = 0;
/** The spans whose children are hidden. */
const folded = /** @type {Set<string>} */ (new Set());

/** Asks for what the route needs, and draws it. */
async function refresh() {
  refreshes += 1;
  const number = refreshes;
  try {
    const loaded = await Promise.all([load("/console/state" + queryOf(route, { ...SHOWN[route.view], after: isList(route.view) ? route.after : "" })), ...more()]);
    if (number !== refreshes) return;
    answers = loaded;
    draw();
    say("live");
  } catch (error) {
    if (number !== refreshes) return;
    if (error instanceof ConnectionLost) say("connection lost", "lost");
    else if (error instanceof RequestFailed) say(error.message, "lost");
    else reportBug(error);
  }
}

/** What a view needs beside the state. */
function more() {
  if (route.view === "trace") return [loadTrace(route.trace)];
  if (route.view === "compare") return [loadTrace(route.other), loadTrace(route.trace)];
  return route.view === "map" && route.subject ? [load("/console/subject" + queryOf(route, { ...route.subject }))] : [];
}

/**
 * A trace, null where there is none.
 * @param {string} id
 */
async function loadTrace(id) {
  try {
    return await load("/console/traces/" + encodeURIComponent(id));
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return null;
    throw error;
  }
}

/** Draws the answers, unless they are shown already. */
function draw() {
  if (!answers) return;
  const wanted = [formatRoute(route), frameWidth(), [...folded].join(" "), ...answers].join("\n");
  if (wanted === shown) return;
  const [state, ...rest] = answers.map((text) => text === null ? null : JSON.parse(text));
  byId("notification-count", HTMLElement).textContent = String(state.notificationCount || "");
  byId("dead-letter-count", HTMLElement).textContent = String(state.deadLetterCount || "");
  if (!state.filterError) good = { route, state, rest };
  const stale = state.filterError && good?.route.view === route.view ? good : null;
  update(main, stale ? [staleNote(stale.route.filter), ...content(stale.state, stale.rest, stale.route)] : content(state, rest, route));
  drawSearch(state);
  shown = wanted;
  problem.hidden = true;
}

/**
 * @param {State} state
 * @param {any[]} rest
 * @param {Route} route
 */
function content(state, rest, route) {
  const prefix = commonPrefix(state.functions), width = frameWidth();
  switch (route.view) {
    case "trace": {
      const [trace] = /** @type {(Trace | null)[]} */ (rest);
      return trace ? drawTrace(trace, route, prefix, width, folded) : drawUnknownTrace(route.trace, route);
    }
    case "compare": {
      const [left, right] = /** @type {(Trace | null)[]} */ (rest);
      return left && right ? drawComparison(left, right, route, prefix) : drawUnknownTrace(left ? route.trace : route.other, route);
    }
    case "traces": return drawTraces(state, route);
    case "events": return drawEvents(state, route);
    case "logs": return drawLogs(state, route, prefix);
    case "invocations": return drawInvocations(state, route, prefix);
    case "notifications": return drawNotifications(state, route);
    case "dead-letters": return drawDeadLetters(state, route, prefix);
    case "map": return drawOverview(state, /** @type {(SubjectAnswer | undefined)[]} */ (rest)[0] ?? null, route, prefix, width);
  }
}

/**
 * Shows what may follow in the search box, and what is wrong in it.
 * @param {State} state
 */
function drawSearch({ filterError, traces = [], services = [] }) {
  filter.toggleAttribute("aria-invalid", filterError !== undefined);
  update(byId("filter-error", HTMLElement), drawFilterError(route.filter.trim(), filterError));
  if (traces.length || services.length) known = { traces, services };
  update(byId("completions", HTMLElement), drawCompletions(filter.value, known.traces, known.services));
}
/** What completions are made of: while a filter matches nothing, what was there before. */
let known = /** @type {Required<Pick<State, "traces" | "services">>} */ ({ traces: [], services: [] });

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
  showRoute(route);
  notify("");
  if (route.view !== before.view || route.trace !== before.trace || route.after !== before.after) {
    // The link that was followed is gone; a reader at the keyboard goes on from the top of the new view.
    main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  refresh();
}

/** @param {string} id a span's */
function openSpan(id) {
  if (folded.size) {
    folded.clear();
    draw();
  }
  const details = [...main.querySelectorAll("details")].find((each) => each.dataset.span === id);
  if (!details) return;
  details.open = true;
  details.querySelector("summary")?.focus({ preventScroll: true });
  details.scrollIntoView({ block: "center" });
}

/** @param {string} id a span's */
function fold(id) {
  if (!folded.delete(id)) folded.add(id);
  draw();
}

/** @param {File[]} files */
async function importFiles(files) {
  try {
    const results = [];
    for (const file of files) results.push(await importTraces(await file.text()));
    const rejected = results.flatMap(({ rejected }) => rejected), [id] = results.flatMap(({ ids }) => ids);
    if (rejected.length) return notify(`not imported: ${rejected.slice(0, 3).join("; ")}`);
    if (id) location.hash = formatRoute({ ...route, view: "trace", trace: id });
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Says what became of something that the reader did, until they go on.
 * @param {string} text
 */
function notify(text) {
  byId("notice", HTMLElement).textContent = text;
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

window.addEventListener("error", ({ error }) => reportBug(error));
window.addEventListener("unhandledrejection", ({ reason }) => reportBug(reason));
window.addEventListener("resize", draw);
window.addEventListener("hashchange", follow);
window.addEventListener("keydown", (event) => pressed(event, filter));
window.addEventListener("dragover", (event) => event.preventDefault());
window.addEventListener("drop", (event) => {
  event.preventDefault();
  importFiles([...event.dataTransfer?.files ?? []]);
});
const goTo = (/** @type {Partial<typeof route>} */ change) => { location.hash = formatRoute({ ...route, after: "", ...change }); };
minutes.addEventListener("change", () => goTo({ minutes: Number(minutes.value) }));
until.addEventListener("change", () => goTo({ until: until.value ? new Date(until.value).getTime() / 1000 : 0 }));
/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
filter.addEventListener("input", () => {
  // Typing makes no history of its own.
  route = { ...route, filter: filter.value, after: "" };
  history.replaceState(null, "", formatRoute(route));
  showRoute(route);
  update(byId("completions", HTMLElement), drawCompletions(filter.value, known.traces, known.services));
  clearTimeout(typing);
  typing = setTimeout(refresh, TYPING);
});
main.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  const button = target.closest("button");
  if (button) {
    const { opens, folds, copies, exports, imports, toFailure: failure } = button.dataset;
    if (opens) openSpan(opens);
    if (folds) fold(folds);
    if (copies) copy(button);
    if (exports) exportTrace(exports).catch((error) => notify(String(error.message)));
    if (imports !== undefined) chooseFiles();
    if (failure !== undefined) toFailure(main);
    return;
  }
  // A row is a large link, but whoever selects text in it does not want to leave.
  const row = target.closest("a") || !getSelection()?.isCollapsed ? null : target.closest("tr");
  if (row?.dataset.href) location.hash = row.dataset.href;
});

onFilesChosen(importFiles);
main.addEventListener("pointermove", preferNearest);
main.addEventListener("pointerdown", preferNearest);

showRoute(route);
(async function poll() {
  const began = performance.now();
  if (!document.hidden) await refresh();
  // Many traces take longer to draw; the page takes a fifth of the time at most.
  setTimeout(poll, Math.max(POLL, 5 * (performance.now() - began)));
})();
