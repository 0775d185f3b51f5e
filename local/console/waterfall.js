// @ts-check
// A trace's spans, each as long as it took, in the order of the tree.
/** @import { Route } from "./route.js" */
/** @import { Happened } from "./tree.js" */
/** @import { Exception, Span, Trace } from "./types.d.ts" */
import { copyButton } from "./copy.js";
import { criticalPath } from "./critical.js";
import { dot, el } from "./dom.js";
import { chain } from "./exceptions.js";
import { culprits } from "./failures.js";
import { duration, timeOfDay, withoutPrefix } from "./format.js";
import { formatRoute } from "./route.js";
import { isUnmetCondition, statusOf } from "./status.js";
import { callerOf, happenings, rows } from "./tree.js";

/**
 * @param {Trace} trace
 * @param {string} prefix what the reader knows of each name
 * @param {Set<string>} folded ids of the spans whose children are hidden
 * @param {Route} route
 */
export function drawWaterfall(trace, prefix, folded, route) {
  const whole = Math.max(trace.duration, 1e-6);
  const critical = criticalPath(trace.nodes), happened = happenings(trace);
  const failed = new Set(culprits(trace.nodes).map((span) => shownFor(trace.nodes, span, folded)));
  return el("div", { class: "waterfall" }, rows(trace.nodes, folded).map(({ span, depth, below }) => {
    const end = span.end ?? trace.start + whole, isFolded = folded.has(span.id);
    const unmet = isUnmetCondition(span, callerOf(trace.nodes, span));
    const status = unmet ? "ok" : statusOf(span);
    const waits = critical.has(span);
    const bar = el("span", { class: `span ${span.kind} ${span.namespace ?? ""} ${status} ${span.name === "Dwell Time" ? "wait" : ""}${waits ? " critical" : ""}` });
    bar.style.left = Math.min(99.5, Math.max(0, (span.start - trace.start) / whole * 100)) + "%";
    bar.style.width = Math.max(0, (end - span.start) / whole * 100) + "%";
    const text = label(span, prefix);
    const name = el("span", { class: "label " + span.kind },
      status === "ok" || status === "partial" ? null : dot(status), text, unmet && el("span", { class: "soft" }, " (condition not met)"), retries(span),
      waits && el("span", { class: "unseen" }, " (on the critical path)"), marks(happened.get(span.id)));
    const fold = below > 0 && el("button", { type: "button", class: "fold", "data-folds": span.id, "aria-expanded": String(!isFolded), "aria-label": `what ${text} called` }, isFolded ? "▸" : "▾");
    const row = el("div", { class: "row", "data-key": span.id }, fold || null,
      el("details", { "data-key": "facts " + span.id, "data-span": span.id, "data-failed": failed.has(span) && "" },
        el("summary", {}, name, el("span", { class: "track" }, bar), el("span", { class: "took" }, span.end ? duration(end - span.start) : "running")),
        facts(span, trace, unmet, happened.get(span.id), route)));
    row.style.setProperty("--depth", String(depth));
    return row;
  }));
}

/**
 * How often a call was tried again, which is where its time went.
 * @param {Span} span
 */
function retries({ metadata }) {
  const own = /** @type {Record<string, unknown>} */ (metadata?.default ?? metadata ?? {}), count = Number(own.retries);
  return count > 0 && el("span", { class: "soft" }, count === 1 ? " (1 retry)" : ` (${count} retries)`);
}

/**
 * The span whose line stands for one that may be hidden: the outermost folded one above it, else itself.
 * @param {Span[]} nodes
 * @param {Span} span
 * @param {Set<string>} folded
 */
function shownFor(nodes, span, folded) {
  let shown = span;
  for (let above = callerOf(nodes, span); above; above = callerOf(nodes, above)) if (folded.has(above.id)) shown = above;
  return shown;
}

/**
 * What a span is called.
 * @param {Span} span
 * @param {string} prefix
 */
export function label(span, prefix) {
  const name = withoutPrefix(span.name ?? "", prefix);
  if (span.kind === "segment") return `${name} · ${(span.origin ?? "segment").replace("AWS::", "")}`;
  if (span.namespace !== "aws") return name;
  return [name, span.aws?.operation, withoutPrefix(span.aws?.table_name ?? "", prefix)].filter(Boolean).join(" · ");
}

/**
 * How much happened at a span.
 * @param {Happened | undefined} happened
 */
function marks(happened) {
  if (!happened) return null;
  const { events, logs } = happened;
  const text = [events.length && `${events.length} ${events.length === 1 ? "event" : "events"}`, logs.length && `${logs.length} ${logs.length === 1 ? "line" : "lines"}`].filter(Boolean);
  return el("span", { class: "soft" }, ` ${text.join(", ")}`);
}

/**
 * What a span says, as a list of terms.
 * @param {Span} span
 * @param {Trace} trace
 * @param {boolean} unmet whether its exception is the answer that a condition did not hold
 * @param {Happened | undefined} happened
 * @param {Route} route
 */
function facts(span, trace, unmet, happened, route) {
  const kind = unmet ? "" : "exception";
  return el("dl", { class: "facts" },
    el("dt", {}, "id"), el("dd", {}, span.id, " ", copyButton(span.id)),
    fact("began", `${timeOfDay(span.start)}, ${duration(span.start - trace.start)} after the trace`),
    span.orphaned ? fact("missing", "its parent has not arrived") : [],
    chain(span, trace.nodes).flatMap((exception) => exceptionFacts(exception, kind)),
    (happened?.events ?? []).flatMap(({ event, rules }) => [
      el("dt", {}, "event"), el("dd", {}, el("b", {}, event["detail-type"]), ` → ${rules.join(", ") || "no rule"} `, el("span", { class: "soft" }, event.id))]),
    (happened?.logs ?? []).flatMap((line) => [
      el("dt", { class: "level" + line.level }, timeOfDay(line.time)), el("dd", { class: "mono" }, `${line.level} ${line.message} `, el("span", { class: "soft" }, line.fields))]),
    group("annotations", span.annotations),
    group("metadata", span.metadata, trace, route),
    group("http", { ...span.http?.request, ...span.http?.response }),
    group("aws", span.aws));
}

/**
 * @param {Exception & { because: boolean }} exception
 * @param {string} kind
 */
function exceptionFacts({ type, message, stack = [], because }, kind) {
  const frames = stack.map(({ path, line, label }) => `  at ${label ?? "?"}${path ? ` (${path}${line ? ":" + line : ""})` : ""}`);
  return [el("dt", { class: kind }, because && "caused by ", type ?? "exception"), el("dd", { class: kind }, [message ?? "", ...frames].join("\n"))];
}

/**
 * @param {string} name
 * @param {Record<string, unknown> | undefined} values
 * @param {Trace} [trace]
 * @param {Route} [route]
 */
function group(name, values = {}, trace, route) {
  const entries = Object.entries(values);
  if (!entries.length) return [];
  const linked = entries.flatMap(([key, value]) => {
    const links = typeof value === "object" && value !== null ? Object.entries(value) : [[key, value]];
    const known = trace && route ? links.filter(([, id]) => trace.linksTo.some((link) => link.id === id && link.traced)) : [];
    return [...fact(key, value), ...known.flatMap(([key, id]) => [el("dt", {}, String(key)), el("dd", {}, el("a", { href: route && formatRoute({ ...route, view: "trace", trace: String(id) }) }, "open that trace"))])];
  });
  return [el("dt", { class: "group" }, name), ...linked];
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function fact(name, value) {
  const text = typeof value === "object" ? JSON.stringify(value, null, 1) : String(value);
  return [el("dt", {}, name), el("dd", {}, text)];
}
