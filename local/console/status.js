// @ts-check
// How a request, or a part of it, went.
/** @import { Flags, Span } from "./types.d.ts" */
import { exceptionsOf } from "./exceptions.js";

/** What each status means, the good one first. */
export const STATUSES = { ok: "OK", error: "error (4xx)", throttle: "throttled (429)", fault: "fault (5xx)" };

/** @param {Flags} flags */
export function statusOf({ fault, throttle, error, partial }) {
  return fault ? "fault" : throttle ? "throttle" : error ? "error" : partial ? "partial" : "ok";
}

/**
 * Whether a span is a conditional write whose condition did not hold, and whose caller went on: it asked a
 * question, and this is one of the answers. The services here record it as that; of others X-Ray has it as an
 * error, although nothing went wrong.
 * @param {Span} span
 * @param {Span | undefined} caller
 */
export function isUnmetCondition(span, caller) {
  const own = /** @type {Record<string, unknown>} */ (span.metadata?.default ?? span.metadata ?? {});
  if (own.condition_met === false) return true;
  if (span.namespace !== "aws" || !span.error || span.fault || span.throttle) return false;
  if (!caller || caller.error || caller.fault) return false;
  return exceptionsOf(span).some(({ type = "", message = "" }) => saysUnmetCondition(`${type}: ${message}`));
}

/** @param {string} text */
function saysUnmetCondition(text) {
  if (/\bConditionalCheckFailedException\b/.test(text)) return true;
  const reasons = /\bTransactionCanceledException\b.*\[([^\]]*)\]/s.exec(text)?.[1]?.split(", ") ?? [];
  return reasons.includes("ConditionalCheckFailed") && reasons.every((reason) => reason === "None" || reason === "ConditionalCheckFailed");
}
