// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { isUnmetCondition, statusOf } from "../../status.js";

/** @import { Span } from "../../types.d.ts" */

test("the worst flag is the status", () => {
  assert.equal(statusOf({}), "ok");
  assert.equal(statusOf({ partial: true }), "partial");
  assert.equal(statusOf({ partial: true, error: true }), "error");
  assert.equal(statusOf({ error: true, throttle: true }), "throttle");
  assert.equal(statusOf({ error: true, throttle: true, fault: true }), "fault");
});

const message = "ConditionalCheckFailedException: The conditional request failed";

/**
 * @param {Partial<Span>} fields
 * @returns {Span}
 */
function call(fields) {
  return { id: "1", parent: 0, kind: "subsegment", orphaned: false, start: 0, end: 1, namespace: "aws", error: true,
    cause: { exceptions: [{ type: "SdkError", message: "operation error" }, { type: "SdkError", message }] }, ...fields };
}
/** @param {string} message */
const cause = (message) => ({ exceptions: [{ type: "SdkError", message }] });
const cancelled = "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons ";

test("an unmet condition is an answer where the caller went on", () => {
  const caller = call({ namespace: undefined, error: false, cause: undefined });
  for (const [fields, expected] of /** @type {[Partial<Span>, boolean][]} */ ([
    [{}, true],
    [{ cause: { exceptions: [{ type: "ConditionalCheckFailedException", message: "The conditional request failed" }] } }, true],
    [{ cause: cause(cancelled + "[None, ConditionalCheckFailed]") }, true],
    [{ error: false, metadata: { condition_met: false } }, true],
    [{ error: false, metadata: { default: { condition_met: false } } }, true],
    [{ error: false, metadata: { retries: 0 } }, false],
    [{ cause: cause(cancelled + "[ConditionalCheckFailed, TransactionConflict]") }, false],
    [{ cause: cause(cancelled + "[None, None]") }, false],
    [{ cause: cause("ValidationException: no") }, false],
    [{ cause: undefined }, false],
    [{ fault: true }, false],
    [{ throttle: true }, false],
    [{ error: false }, false],
    [{ namespace: "remote" }, false],
  ])) assert.equal(isUnmetCondition(call(fields), caller), expected, JSON.stringify(fields));
  assert.equal(isUnmetCondition(call({}), { ...caller, error: true }), false);
  assert.equal(isUnmetCondition(call({}), { ...caller, fault: true }), false);
  assert.equal(isUnmetCondition(call({}), undefined), false);
});
