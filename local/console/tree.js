// @ts-check
// A trace's spans as a tree.
/** @import { EventRecord, LogLine, Span, Trace } from "./types.d.ts" */

/**
 * The spans in the order of the tree, without what is below a folded one. An inferred segment repeats its call, so
 * its children are shown as the call's.
 * @param {Span[]} nodes
 * @param {Set<string>} folded ids of spans
 */
export function rows(nodes, folded = new Set()) {
  /** @type {Map<Span | undefined, Span[]>} */
  const children = new Map();
  for (const span of nodes) {
    if (span.kind === "inferred") continue;
    const caller = callerOf(nodes, span);
    const siblings = children.get(caller);
    if (siblings) siblings.push(span);
    else children.set(caller, [span]);
  }
  /** @type {{ span: Span, depth: number, below: number }[]} */
  const found = [];
  const below = (/** @type {Span | undefined} */ parent, /** @type {number} */ depth) =>
    (children.get(parent) ?? []).sort((a, b) => b.start - a.start).map((span) => ({ span, depth, below: children.get(span)?.length ?? 0 }));
  const open = below(undefined, 0);
  for (let next = open.pop(); next; next = open.pop()) {
    found.push(next);
    if (!folded.has(next.span.id)) open.push(...below(next.span, next.depth + 1));
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
 * The span of the segment's code, or what is inside of it, at the time of a log line; undefined where none fits.
 * @param {Span[]} nodes
 * @param {LogLine} line
 */
function spanOfLine(nodes, line) {
  const time = Date.parse(line.time) / 1000;
  const runs = nodes.filter((span) => span.kind === "segment" && span.origin === "AWS::Lambda::Function" && span.aws?.request_id === line.request_id);
  // Attempts have the same request id. A line is written by the run that went on, or by the last one before it.
  runs.sort((a, b) => a.start - b.start);
  const run = runs.findLast((span) => span.start <= time + 0.001) ?? runs[0];
  if (!run) return undefined;
  let found = run;
  for (const span of nodes) {
    if (span.kind !== "subsegment" || span.start > time || (span.end ?? Infinity) < time || span.start < found.start) continue;
    let owner = /** @type {Span | undefined} */ (span);
    while (owner && owner.kind === "subsegment") owner = callerOf(nodes, owner);
    if (owner === run) found = span;
  }
  return found;
}

/** @typedef {{ logs: LogLine[], events: EventRecord[] }} Happened */

/**
 * What happened at each span, by its id.
 * @param {Trace} trace
 */
export function happenings({ nodes, logs, events }) {
  /** @type {Map<string, Happened>} */
  const found = new Map();
  const at = (/** @type {string} */ id) => {
    const known = found.get(id) ?? { logs: [], events: [] };
    found.set(id, known);
    return known;
  };
  for (const line of logs) {
    const span = spanOfLine(nodes, line);
    if (span) at(span.id).logs.push(line);
  }
  for (const event of events) if (event.parent_id) at(event.parent_id).events.push(event);
  return found;
}
