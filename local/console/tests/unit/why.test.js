// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { culprits, reason } from "../../why.js";

/** @import { Span } from "../../types.d.ts" */

/**
 * @param {string} id
 * @param {number | null} parent
 * @param {Partial<Span>} fields
 * @returns {Span}
 */
function span(id, parent, fields = {}) {
  return { id, parent, kind: "subsegment", orphaned: false, start: 0, end: 1, ...fields };
}

test("a failure is reported where it began", () => {
  const condition = { exceptions: [{ message: "ConditionalCheckFailedException: no" }] };
  for (const [nodes, ids] of /** @type {[Span[], string[]][]} */ ([
    [[], []],
    [[span("fine", null)], []],
    [[span("root", null, { fault: true }), span("middle", 0, { fault: true }), span("leaf", 1, { error: true })], ["leaf"]],
    // What fails although what it called did not, failed by itself.
    [[span("root", null, { error: true }), span("leaf", 0)], ["root"]],
    // Those between may have thought that all is well.
    [[span("stage", null, { error: true }), span("function", 0), span("handler", 1, { error: true })], ["handler"]],
    // A publisher does not wait, so what a consumer did later is no reason for its failure.
    [[span("publisher", null, { fault: true, end: 1 }), span("consumer", 0, { fault: true, start: 2, end: 3 })], ["publisher", "consumer"]],
    // A failure that its caller survived counts as well.
    [[span("root", null), span("late", 0, { error: true, start: 2 }), span("early", 0, { throttle: true, start: 1 })], ["early", "late"]],
    // An inferred segment repeats its call, and what it called is the call's.
    [[span("call", null, { fault: true }), span("copy", 0, { kind: "inferred", fault: true }), span("callee", 1, { fault: true })], ["callee"]],
    [[span("put", 1, { namespace: "aws", error: true, cause: condition }), span("handler", null)], []],
  ])) assert.deepEqual(culprits(nodes).map(({ id }) => id), ids);
});

test("a reason is the whole chain of causes, each once", () => {
  const exceptions = [{ type: "A", message: "could not pay" }, { type: "B", message: "declined" }, { type: "B", message: "declined" }, { type: "Timeout" }];
  assert.equal(reason(span("x", null, { cause: { exceptions } })), "could not pay: declined: Timeout");
  assert.equal(reason(span("x", null, { http: { response: { status: 422 } } })), "answered with 422");
  assert.equal(reason(span("x", null)), "no cause given");
});
