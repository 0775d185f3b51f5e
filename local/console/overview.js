// @ts-check
// The first view: the service map, and below it the beginning of each list.
/** @import { Route } from "./route.js" */
/** @import { State, SubjectAnswer } from "./types.d.ts" */
import { dot, el } from "./dom.js";
import { drawDeadLetters, drawNotifications } from "./lists.js";
import { drawMap } from "./map.js";
import { STATUSES } from "./status.js";
import { drawSubject } from "./subject.js";
import { drawTraces } from "./traces.js";

/** How many notifications and dead letters the overview shows of each. */
const FEW = 5;

/**
 * @param {State} state
 * @param {SubjectAnswer | null} subject
 * @param {Route} route
 * @param {string} prefix what the reader knows of each name
 * @param {number} width the frame's
 */
export function drawOverview(state, subject, route, prefix, width) {
  const { services = [] } = state;
  const map = services.length ? drawMap(services, prefix, width, route) : [firstStep(state, route)];
  return [
    el("section", { "data-key": "map" }, el("h2", {}, "Service map", legend()), ...map),
    ...subject && route.subject ? [drawSubject(subject, route.subject, route, prefix)] : [],
    ...drawTraces(state, route),
    ...drawNotifications(state, route, FEW),
    ...drawDeadLetters(state, route, prefix, FEW),
  ];
}

function legend() {
  return el("span", { class: "legend" },
    Object.entries(STATUSES).map(([status, meaning]) => el("span", {}, dot(status), meaning)),
    el("span", {}, "number: milliseconds on average; dashed ring: seen by its callers only"));
}

/**
 * @param {State} state
 * @param {Route} route
 */
function firstStep({ api, testCommand, filterError }, { filter }) {
  if (filterError) return el("p", { class: "hint" }, "The filter expression has an error.");
  if (filter.trim()) return el("p", { class: "hint" }, "No trace of this time matches the filter.");
  return el("div", { class: "hint" },
    testCommand ? "Nothing happened in this time. Try:" : `Nothing happened in this time. The API is at ${api}.`,
    testCommand ? el("pre", {}, testCommand) : null);
}
