// @ts-check
// A trace's spans, each as long as it took, in the order of the tree.
/** @import { Span, Trace } from "./types.d.ts" */
import { dot, el } from "./dom.js";
import { duration, timeOfDay, withoutPrefix } from "./format.js";
import { isUnmetCondition, statusOf } from "./status.js";

/**
 * @param {Trace} trace
 * @param {string} prefix what the reader knows of each name
 */
export function drawWaterfall(trace, prefix) {
  const whole = Math.max(trace.duration, 1e-6);
  return el("div", { class: "waterfall" }, rows(trace.nodes).map(({ span, depth }) => {
    const end = span.end ?? trace.start + whole;
    const unmet = isUnmetCondition(span, callerOf(trace.nodes, span));
    const status = unmet ? "ok" : statusOf(span);
    const bar = el("span", { class: `span ${span.kind} ${span.namespace ?? ""} ${status} ${span.name === "Dwell Time" ? "wait" : ""}` });
    bar.style.left = Math.min(99.5, Math.max(0, (span.start - trace.start) / whole * 100)) + "%";
    bar.style.width = Math.max(0, (end - span.start) / whole * 100) + "%";
    const name = el("span", { class: "label " + span.kind },
      status === "ok" || status === "partial" ? null : dot(status), label(span, prefix), unmet && el("span", { class: "soft" }, " (condition not met)"));
    name.style.setProperty("--depth", String(depth));
    return el("details", { "data-key": span.id },
      el("summary", {}, name, el("span", { class: "track" }, bar), el("span", { class: "took" }, span.end ? duration(end - span.start) : "running")),
      facts(span, unmet));
  }));
}

/**
 * The spans in the order of the tree. An inferred segment repeats its call, so its children are shown as the call's.
 * @param {Span[]} nodes
 */
export function rows(nodes) {
  /** @type {Map<Span | undefined, Span[]>} */
  const children = new Map();
  for (const span of nodes) {
    if (span.kind === "inferred") continue;
    const caller = callerOf(nodes, span);
    const siblings = children.get(caller);
    if (siblings) siblings.push(span);
    else children.set(caller, [span]);
  }
  /** @type {{ span: Span, depth: number }[]} */
  const found = [];
  const below = (/** @type {Span | undefined} */ parent, /** @type {number} */ depth) =>
    (children.get(parent) ?? []).sort((a, b) => b.start - a.start).map((span) => ({ span, depth }));
  const open = below(undefined, 0);
  for (let next = open.pop(); next; next = open.pop()) {
    found.push(next);
    open.push(...below(next.span, next.depth + 1));
  }
  return found;
}

/**
 * The nearest parent that was sent and not inferred.
 * @param {Span[]} nodes
 * @param {Span} span
 * @returns {Span | undefined}
 */
export function callerOf(nodes, span) {
  const parent = span.parent === null ? undefined : nodes[span.parent];
  return parent?.kind === "inferred" ? callerOf(nodes, parent) : parent;
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
 * What a span says, as a list of terms.
 * @param {Span} span
 * @param {boolean} unmet whether its exception is the answer that a condition did not hold
 */
function facts(span, unmet) {
  const exceptions = span.cause?.exceptions ?? [], kind = unmet ? "" : "exception";
  return el("dl", { class: "facts" },
    fact("id", span.id),
    fact("began", timeOfDay(span.start)),
    span.orphaned ? fact("missing", "its parent has not arrived") : [],
    exceptions.flatMap(({ type, message }) => [
      el("dt", { class: kind }, type ?? "exception"), el("dd", { class: kind }, message ?? "")]),
    group("annotations", span.annotations),
    group("metadata", span.metadata),
    group("http", { ...span.http?.request, ...span.http?.response }),
    group("aws", span.aws));
}

/**
 * @param {string} name
 * @param {Record<string, unknown> | undefined} values
 */
function group(name, values = {}) {
  const entries = Object.entries(values);
  if (!entries.length) return [];
  return [el("dt", { class: "group" }, name), ...entries.flatMap(([key, value]) => fact(key, value))];
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function fact(name, value) {
  const text = typeof value === "object" ? JSON.stringify(value, null, 1) : String(value);
  return [el("dt", {}, name), el("dd", {}, text)];
}
