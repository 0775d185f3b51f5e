// @ts-check
// The lists: traces, notifications, dead letters; and the page that shows them all below the service map.
/** @import { Route } from "./route.js" */
/** @import { State, TraceRow } from "./types.d.ts" */
import { columnsOf, heading, outcomesOf } from "./annotations.js";
import { chip } from "./chip.js";
import { dot, el } from "./dom.js";
import { filtered } from "./filter.js";
import { duration, timeOfDay, withoutPrefix } from "./format.js";
import { drawMap } from "./map.js";
import { formatRoute } from "./route.js";
import { STATUSES, statusOf } from "./status.js";

/** How many notifications and dead letters the overview shows of each. */
const FEW = 5;

/**
 * @param {State} state
 * @param {Route} route
 * @param {string} prefix what the reader knows of each name
 * @param {number} width the frame's
 */
export function drawOverview(state, route, prefix, width) {
  const map = state.traces.length ? drawMap(state.services, prefix, width) : [firstStep(state)];
  return [
    el("section", { "data-key": "map" }, el("h2", {}, "Service map", legend()), ...map),
    ...drawTraces(state, route),
    ...drawNotifications(state, route, FEW),
    ...drawDeadLetters(state, route, prefix, FEW),
  ];
}

/**
 * @param {State} state
 * @param {Route} route
 */
export function drawTraces({ traces, traceCount }, route) {
  const matching = filtered(traces, route.filter);
  const loaded = traces.length < traceCount ? ` of the newest ${traces.length}` : "";
  const about = route.filter ? `${matching.length} match the filter${loaded}, ${traceCount} in this time` : `${traceCount} in this time, newest first`;
  return [el("section", { "data-key": "traces" },
    el("h2", {}, "Traces", el("small", {}, about)),
    matching.length ? traceTable(matching, columnsOf(traces), route) : none())];
}

/**
 * @param {State} state
 * @param {Route} route
 * @param {number} most
 */
export function drawNotifications({ notifications }, route, most = Infinity) {
  const rows = notifications.slice(0, most).map((sent) => el("tr", { "data-key": sent.id },
    el("td", { class: "time" }, timeOfDay(sent.time)),
    el("td", { class: "wide" }, el("b", {}, sent.subject), el("br"), sent.message),
    el("td", { class: "number" }, traceLink(sent.trace_id, route))));
  return [el("section", { "data-key": "notifications" },
    el("h2", {}, "Notifications", el("small", {}, "published to the topic, newest first")),
    table(rows), more(notifications, most, { ...route, view: "notifications" }))];
}

/**
 * @param {State} state
 * @param {Route} route
 * @param {string} prefix
 * @param {number} most
 */
export function drawDeadLetters({ deadLetters }, route, prefix, most = Infinity) {
  const rows = deadLetters.slice(0, most).map((letter) => el("tr", { "data-key": letter.id },
    el("td", { class: "time" }, timeOfDay(letter.time)),
    el("td", { class: "wide" },
      el("b", {}, withoutPrefix(letter.queue, prefix)), " ", el("span", { class: "exception" }, letter.reason),
      el("details", {}, el("summary", {}, "message"),
        el("pre", { class: "body", tabindex: 0 }, JSON.stringify({ attributes: letter.attributes, body: letter.body }, null, 2)))),
    el("td", { class: "number" }, traceLink(letter.trace_id, route))));
  return [el("section", { "data-key": "dead-letters" },
    el("h2", {}, "Dead letters", el("small", {}, "what could not be delivered or handled, newest first")),
    table(rows), more(deadLetters, most, { ...route, view: "dead-letters" }))];
}

/**
 * @param {TraceRow[]} traces
 * @param {string[]} columns names of annotations
 * @param {Route} route
 */
function traceTable(traces, columns, route) {
  const headings = [el("th", {}, el("span", { class: "unseen" }, "Status")), el("th", {}, "Began"), el("th", { class: "number" }, "In all"), el("th", {}, "Request"),
    ...columns.map((name) => el("th", {}, heading(name))), el("th", {}, "Outcome"), el("th", { class: "number" }, "Answer")];
  return el("table", { class: "stack" }, el("thead", {}, el("tr", {}, headings)), el("tbody", {}, traces.map((trace) => traceRow(trace, columns, route))));
}

/**
 * @param {TraceRow} trace
 * @param {string[]} columns
 * @param {Route} route
 */
function traceRow(trace, columns, route) {
  const href = formatRoute({ ...route, view: "trace", trace: trace.id });
  const http = trace.http ?? {};
  const path = (http.HttpURL ?? trace.name ?? "").replace(/^https?:\/\/[^/]+/, "");
  return el("tr", { class: "open", "data-key": trace.id, "data-href": href },
    el("td", {}, dot(statusOf(trace))),
    el("td", { class: "time" }, el("a", { href }, timeOfDay(trace.start))),
    el("td", { class: "number" }, duration(trace.duration)),
    el("td", { class: "wide" }, [http.HttpMethod, path].filter(Boolean).join(" "), http.HttpStatus ? el("span", { class: "soft" }, `  → ${http.HttpStatus}`) : null),
    columns.map((name) => el("td", { class: "wide" }, String(trace.annotations?.[name] ?? ""))),
    el("td", { class: "wide" }, outcomesOf(trace.annotations).map(chip)),
    el("td", { class: "number wide" }, el("span", { class: "soft" }, duration(trace.responseTime) + " until answered")));
}

function legend() {
  return el("span", { class: "legend" },
    Object.entries(STATUSES).map(([status, meaning]) => el("span", {}, dot(status), meaning)),
    el("span", {}, "number: milliseconds on average; dashed ring: seen by its callers only"));
}

/** @param {State} state */
function firstStep({ api, testCommand }) {
  return el("div", { class: "hint" },
    testCommand ? "Nothing happened in this time. Try:" : `Nothing happened in this time. The API is at ${api}.`,
    testCommand ? el("pre", {}, testCommand) : null);
}

/**
 * @param {string | null} id
 * @param {Route} route
 */
function traceLink(id, route) {
  return id ? el("a", { href: formatRoute({ ...route, view: "trace", trace: id }) }, "trace") : el("span", { class: "soft" }, "no trace");
}

/** @param {HTMLTableRowElement[]} rows */
function table(rows) {
  return rows.length ? el("table", { class: "stack" }, el("tbody", {}, rows)) : none();
}

function none() {
  return el("p", { class: "hint" }, "None.");
}

/**
 * @param {unknown[]} list
 * @param {number} most
 * @param {Route} target
 */
function more(list, most, target) {
  return list.length > most ? el("p", {}, el("a", { href: formatRoute(target) }, `all ${list.length}`)) : null;
}
