// @ts-check
// What was published, logged and run, newest first, with a trace and without.
/** @import { Route } from "./route.js" */
/** @import { List, State, Traced } from "./types.d.ts" */
import { dot, el } from "./dom.js";
import { duration, timeOfDay, withoutPrefix } from "./format.js";
import { drawPages } from "./pages.js";
import { formatRoute } from "./route.js";

/**
 * @param {State} state
 * @param {Route} route
 * @param {number} most
 */
export function drawNotifications({ notifications }, route, most = Infinity) {
  return list("notifications", "Notifications", "published to the topic", route, notifications, most, (sent) => [
    el("td", { class: "time" }, timeOfDay(sent.time)),
    el("td", { class: "wide" }, el("b", {}, sent.subject), el("br"), sent.message),
    el("td", { class: "number" }, traceLink(sent, route))]);
}

/**
 * @param {State} state
 * @param {Route} route
 * @param {string} prefix
 * @param {number} most
 */
export function drawDeadLetters({ deadLetters }, route, prefix, most = Infinity) {
  return list("dead-letters", "Dead letters", "what could not be delivered or handled", route, deadLetters, most, (letter) => [
    el("td", { class: "time" }, timeOfDay(letter.time)),
    el("td", { class: "wide" },
      el("b", {}, withoutPrefix(letter.queue, prefix)), " ", el("span", { class: "exception" }, letter.reason),
      body("message", { attributes: letter.attributes, body: letter.body })),
    el("td", { class: "number" }, traceLink(letter, route))]);
}

/**
 * @param {State} state
 * @param {Route} route
 */
export function drawEvents({ events }, route) {
  return list("events", "Events", "put on a bus, with a trace and without", route, events, Infinity, (entry) => [
    el("td", { class: "time" }, timeOfDay(entry.time)),
    el("td", { class: "wide" },
      el("b", {}, entry.event["detail-type"]),
      el("span", { class: "soft" }, ` from ${entry.event.source} → ${entry.rules.join(", ") || "no rule"}`),
      body("event", entry.event)),
    el("td", { class: "number" }, traceLink(entry, route))]);
}

/**
 * @param {State} state
 * @param {Route} route
 * @param {string} prefix
 */
export function drawLogs({ logs }, route, prefix) {
  return list("logs", "Log lines", "of all functions, with a trace and without", route, logs, Infinity, (line) => [
    el("td", { class: "time mono" }, timeOfDay(line.time)),
    el("td", { class: "time mono" }, withoutPrefix(line.function, prefix)),
    el("td", { class: "mono wide" },
      el("span", { class: "level" + line.level }, line.level), ` ${line.message} `, el("span", { class: "soft" }, line.fields)),
    el("td", { class: "number" }, traceLink(line, route))]);
}

/**
 * @param {State} state
 * @param {Route} route
 * @param {string} prefix
 */
export function drawInvocations({ invocations }, route, prefix) {
  return list("invocations", "Invocations", "each run of a function's code, with a trace and without", route, invocations, Infinity, (run) => [
    el("td", {}, dot(run.error ? "fault" : "ok")),
    el("td", { class: "time" }, timeOfDay(run.time)),
    el("td", { class: "time mono" }, withoutPrefix(run.function, prefix)),
    el("td", { class: "number" }, duration(run.duration)),
    el("td", { class: "wide" }, run.cold && "cold start ", run.error && el("span", { class: "exception" }, run.error), el("span", { class: "soft mono" }, ` ${run.request_id}`)),
    el("td", { class: "number" }, traceLink(run, route))]);
}

export function none() {
  return el("p", { class: "hint" }, "None.");
}

/** @type {List<never>} */
const EMPTY = { rows: [], count: 0, kept: 0, offset: 0, newer: null };

/**
 * @template T
 * @param {Route["view"]} view
 * @param {string} name
 * @param {string} about
 * @param {Route} route
 * @param {List<T> | undefined} page
 * @param {number} most how many are shown
 * @param {(entry: T & Traced) => HTMLTableCellElement[]} cells
 */
function list(view, name, about, route, page = EMPTY, most, cells) {
  const { count, kept, offset, newer } = page, rows = page.rows.slice(0, most);
  const known = `${count} ${view === "dead-letters" ? "of any time" : "in this time"}${kept > count ? ` of ${kept}` : ""}`;
  const shown = rows.map((entry) => el("tr", { "data-key": entry.key }, cells(entry)));
  return [el("section", { "data-key": view },
    el("h2", {}, name, el("small", {}, `${about}; ${known}, newest first`)),
    shown.length ? el("table", { class: "stack" }, el("tbody", {}, shown)) : none(),
    route.view === view
      ? drawPages({ offset, length: rows.length, count, newer, last: rows.at(-1)?.key }, name, route)
      : count > rows.length && el("p", {}, el("a", { href: formatRoute({ ...route, view, after: "", subject: null }) }, `all ${count}`)))];
}

/**
 * A trace that was not sampled has an id, and there is nothing to look at.
 * @param {Traced} entry
 * @param {Route} route
 */
function traceLink({ trace_id, traced }, route) {
  if (trace_id && traced) return el("a", { href: formatRoute({ ...route, view: "trace", trace: trace_id }) }, "trace");
  return el("span", { class: "soft", title: trace_id && `${trace_id} was not sampled, or has made way for newer ones` }, trace_id ? "not traced" : "no trace");
}

/**
 * @param {string} name
 * @param {unknown} content
 */
export function body(name, content) {
  return el("details", {}, el("summary", {}, name), el("pre", { class: "body", tabindex: 0 }, JSON.stringify(content, null, 2)));
}
