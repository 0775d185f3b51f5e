// @ts-check
// The list of traces, a page at a time.
/** @import { Route } from "./route.js" */
/** @import { State, TraceRow } from "./types.d.ts" */
import { columnsOf, heading, outcomesOf } from "./annotations.js";
import { chip, isShort } from "./chip.js";
import { dot, el } from "./dom.js";
import { duration, timeOfDay } from "./format.js";
import { importButton } from "./importing.js";
import { none } from "./lists.js";
import { drawPages } from "./pages.js";
import { formatRoute } from "./route.js";
import { statusOf } from "./status.js";

/**
 * @param {State} state
 * @param {Route} route
 */
export function drawTraces({ traces = [], traceCount, traceOffset = 0, traceNewer, lostDatagrams = 0, filterError }, route) {
  const about = filterError ? "the filter has an error" : `${traceCount} ${route.filter.trim() ? "match the filter" : "in this time"}, newest first`;
  return [el("section", { "data-key": "traces" },
    el("h2", {}, "Traces", el("small", {}, about), importButton()),
    lostDatagrams > 0 && el("p", { class: "hint" }, `Some traces are incomplete: ${lostDatagrams} datagrams came faster than they could be read and were lost. The terminal says what to do.`),
    route.other && el("p", { class: "hint" }, "Choose a trace to compare with ", el("span", { class: "mono" }, route.other), ". ", el("a", { href: formatRoute({ ...route, other: "" }) }, "do not compare")),
    traces.length ? traceTable(traces, columnsOf(traces), route) : none(),
    route.view === "traces"
      ? drawPages({ offset: traceOffset, length: traces.length, count: traceCount, newer: traceNewer, last: traces.at(-1)?.id }, "traces", route)
      : traceCount > traces.length && el("p", {}, el("a", { href: formatRoute({ ...route, view: "traces", after: "", subject: null }) }, `all ${traceCount}`)))];
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
  const href = formatRoute({ ...route, view: route.other ? "compare" : "trace", trace: trace.id });
  const http = trace.http ?? {};
  const path = (http.HttpURL ?? trace.name ?? "").replace(/^https?:\/\/[^/]+/, "");
  return el("tr", { class: "open", "data-key": trace.id, "data-href": href },
    el("td", {}, dot(statusOf(trace))),
    el("td", { class: "time" }, el("a", { href }, timeOfDay(trace.start))),
    el("td", { class: "number" }, duration(trace.duration)),
    el("td", { class: "wide" }, [http.HttpMethod, path].filter(Boolean).join(" "), http.HttpStatus ? el("span", { class: "soft" }, `  → ${http.HttpStatus}`) : null),
    columns.map((name) => {
      const value = String(trace.annotations?.[name] ?? "");
      return el("td", { class: isShort(value) ? "wide whole" : "wide" }, value);
    }),
    el("td", { class: "wide" }, outcomesOf(trace.annotations).map(chip)),
    el("td", { class: "number wide answer" }, el("span", { class: "soft" }, el("span", { class: "whole" }, duration(trace.responseTime)), " until answered")));
}
