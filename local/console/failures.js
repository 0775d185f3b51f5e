// @ts-check
// What failed in a trace: where it began, and what a process that died wrote last.
/** @import { LogLine, Span } from "./types.d.ts" */
import { chain } from "./exceptions.js";
import { isUnmetCondition } from "./status.js";
import { callerOf } from "./tree.js";

/** The error of an invocation whose process ended. */
const CRASH = "Runtime.ExitError";
/** How many lines of a process's last words are shown where it did not panic, and where it did. */
const LAST = 3, PANIC = 5;

/**
 * Where the failure began: the spans that failed without a failed span among those that they waited for, the earliest first.
 * @param {Span[]} nodes
 */
export function culprits(nodes) {
  const failed = nodes.filter((span) => span.kind !== "inferred"
    && (span.fault || span.error || span.throttle) && !isUnmetCondition(span, callerOf(nodes, span)));
  /** @type {Set<Span>} */
  const passedOn = new Set();
  for (const span of failed) {
    for (let caller = callerOf(nodes, span); caller && waited(caller, span); caller = callerOf(nodes, caller)) passedOn.add(caller);
  }
  return failed.filter((span) => !passedOn.has(span)).sort((a, b) => a.start - b.start);
}

/**
 * Whether a span lasted as long as what it called, as it does not where it only published an event.
 * @param {Span} caller
 * @param {Span} callee
 */
function waited(caller, callee) {
  return caller.end === null || callee.end === null || caller.end >= callee.end;
}

/**
 * The segment that a span is part of.
 * @param {Span[]} nodes
 * @param {Span} span
 */
export function segmentOf(nodes, span) {
  let segment = /** @type {Span | undefined} */ (span);
  while (segment && segment.kind !== "segment") segment = callerOf(nodes, segment);
  return segment;
}

/**
 * The last words of the process that died in a span; none where it did not die. The attempts of an invocation have the
 * same request id: the first one ended first.
 * @param {Span[]} nodes
 * @param {Span} span
 * @param {Map<LogLine, string[]>} words what `crashes` found
 */
export function wordsOf(nodes, span, words) {
  const segment = segmentOf(nodes, span), request = segment?.aws?.request_id;
  if (!segment || !request || !isCrash(span, nodes)) return [];
  const runs = nodes.filter((each) => each.kind === "segment" && each.origin === segment.origin && each.aws?.request_id === request && isCrash(each, nodes));
  const place = runs.sort((a, b) => a.start - b.start).indexOf(segment);
  return [...words].filter(([line]) => line.request_id === request)[place]?.[1] ?? [];
}

/**
 * @param {Span} span
 * @param {Span[]} nodes
 */
function isCrash(span, nodes) {
  return chain(span, nodes).some(({ type }) => type === CRASH);
}

/**
 * The lines that say that a process died, each with the raw lines that it wrote last.
 * @param {LogLine[]} logs
 * @returns {Map<LogLine, string[]>}
 */
export function crashes(logs) {
  /** @type {Map<LogLine, string[]>} */
  const found = new Map();
  /** @type {Map<string, string[]>} */
  const open = new Map();
  for (const line of logs) {
    const invocation = `${line.function} ${line.request_id}`, written = open.get(invocation) ?? [];
    if (line.level === "ERROR" && line.message.startsWith(CRASH)) {
      found.set(line, lastOf(written));
      open.delete(invocation);
    } else if (!line.level && !line.fields && line.message.trim()) open.set(invocation, [...written, line.message]);
  }
  return found;
}

/**
 * A panic from its first line on, without its backtrace; else the last lines.
 * @param {string[]} lines
 */
function lastOf(lines) {
  const panic = lines.findLastIndex((line) => /\bpanicked at\b/.test(line));
  if (panic < 0) return lines.slice(-LAST);
  const end = lines.findIndex((line, at) => at > panic && /^(note: run with|stack backtrace:)/.test(line));
  return lines.slice(panic, end < 0 ? undefined : end).slice(0, PANIC);
}
