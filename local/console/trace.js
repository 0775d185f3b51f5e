// @ts-check
// One trace: its map, its waterfall, its events, its log lines.
/** @import { Route } from "./route.js" */
/** @import { Trace } from "./types.d.ts" */
import { heading, identifiersOf, outcomesOf } from "./annotations.js";
import { chip } from "./chip.js";
import { copyButton } from "./copy.js";
import { el } from "./dom.js";
import { duration, timeOfDay, withoutPrefix } from "./format.js";
import { importButton } from "./importing.js";
import { body } from "./lists.js";
import { drawMap } from "./map.js";
import { formatRoute } from "./route.js";
import { drawWaterfall } from "./waterfall.js";
import { drawWhy } from "./why.js";

/**
 * @param {Trace} trace
 * @param {Route} route
 * @param {string} prefix what the reader knows of each name
 * @param {number} width the frame's
 * @param {Set<string>} folded ids of the spans whose children are hidden
 */
export function drawTrace(trace, route, prefix, width, folded) {
  const parts = trace.nodes.filter((node) => node.kind !== "inferred").length;
  const about = `began ${timeOfDay(trace.start)}, took ${duration(trace.duration)}, ${parts} parts`
    + (trace.partial ? ", still running" : "") + (trace.limitExceeded ? ", too large: parts are missing" : "");
  const why = drawWhy(trace, prefix);
  return [
    el("section", { "data-key": "trace" },
      el("h2", {}, "Trace ", el("span", { class: "mono" }, trace.id), copyButton(trace.id), el("small", {}, about), el("a", { href: formatRoute({ ...route, view: "map" }) }, "back to the map")),
      concerns(trace),
      el("p", { class: "actions" },
        el("button", { type: "button", class: "link", "data-exports": trace.id }, "export"),
        importButton(),
        el("a", { href: formatRoute({ ...route, view: "traces", other: trace.id, after: "" }) }, "compare with another")),
      links(trace, route),
      ...why,
      ...drawMap(trace.services, prefix, width)),
    el("section", { "data-key": "waterfall" },
      el("h2", {}, "Waterfall", el("small", {}, "open a line for its details; underlined: the critical path; arrow keys move and open, f folds, e goes to the next failure"),
        why.length > 0 && el("button", { type: "button", class: "link", "data-to-failure": true }, "first failure")),
      drawWaterfall(trace, prefix, folded, route)),
    el("section", { "data-key": "events" }, el("h2", {}, "Events", el("small", {}, "in the order in which the bus took them")), events(trace)),
    el("section", { "data-key": "logs" }, el("h2", {}, "Log lines"), logLines(trace, prefix)),
  ];
}

/**
 * The traces that this one names, and those that name it: what was published in another one, or is a replay of it.
 * @param {Trace} trace
 * @param {Route} route
 */
function links({ linksTo, linkedFrom }, route) {
  const all = [...linksTo.map((link) => ({ ...link, said: heading(link.name) })), ...linkedFrom.map((link) => ({ ...link, said: "Linked from" }))];
  if (!all.length) return null;
  return el("p", { class: "concerns" }, all.map(({ said, id, traced }) => el("span", {}, el("span", { class: "soft" }, said + " "),
    traced ? el("a", { class: "mono", href: formatRoute({ ...route, view: "trace", trace: id }) }, id) : el("span", { class: "mono" }, id, " (not here)"))));
}

/**
 * How the trace's business ended, and what it concerns.
 * @param {Trace} trace
 */
function concerns({ nodes }) {
  const annotations = nodes.map((node) => node.annotations);
  return el("p", { class: "concerns" },
    outcomesOf(...annotations).map(chip),
    identifiersOf(...annotations).map(({ name, value }) =>
      el("span", {}, el("span", { class: "soft" }, heading(name) + " "), el("span", { class: "mono" }, value))));
}

/**
 * What is shown where there is no such trace.
 * @param {string} id
 * @param {Route} route
 */
export function drawUnknownTrace(id, route) {
  return [el("section", { "data-key": "unknown-trace" },
    el("h2", {}, "Unknown trace"),
    el("p", {}, "There is no trace ", el("span", { class: "mono" }, id), " here."),
    el("p", { class: "hint" }, "It was not sampled, it has not arrived yet (this page keeps looking), it made way for newer ones, or it belongs to an earlier start: nothing is kept on disk."),
    el("p", {}, el("a", { href: formatRoute({ ...route, view: "traces" }) }, "all traces")))];
}

/** @param {Trace} trace */
function events({ events }) {
  if (!events.length) return el("p", { class: "hint" }, "None.");
  return el("table", { class: "stack" }, el("tbody", {}, events.map(({ event, rules, time }) => el("tr", { "data-key": event.id },
    el("td", { class: "time" }, timeOfDay(time)),
    el("td", { class: "wide" },
      el("b", {}, event["detail-type"]),
      el("span", { class: "soft" }, ` from ${event.source} → ${rules.join(", ") || "no rule"}`),
      body("event", event))))));
}

/**
 * @param {Trace} trace
 * @param {string} prefix
 */
function logLines({ logs }, prefix) {
  if (!logs.length) return el("p", { class: "hint" }, "None.");
  return el("table", { class: "stack" }, el("tbody", {}, logs.map((line) => el("tr", {},
    el("td", { class: "time mono" }, timeOfDay(line.time)),
    el("td", { class: "time mono" }, withoutPrefix(line.function, prefix)),
    el("td", { class: "mono wide" },
      el("span", { class: "level" + line.level }, line.level), ` ${line.message} `, el("span", { class: "soft" }, line.fields))))));
}
