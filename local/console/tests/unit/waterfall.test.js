// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { rows } from "../../tree.js";

/** @import { Span } from "../../types.d.ts" */

/**
 * @param {string} name
 * @param {number | null} parent
 * @param {number} start
 * @param {Span["kind"]} kind
 * @returns {Span}
 */
function span(name, parent, start, kind = "segment") {
  return { id: name, name, parent, start, end: start + 1, kind, orphaned: false };
}

test("spans stand below their parents, earlier ones first", () => {
  const nodes = [span("late", 2, 5), span("early", 2, 1, "subsegment"), span("root", null, 0), span("deep", 1, 2), span("lost", null, 9)];
  assert.deepEqual(rows(nodes).map(({ span, depth }) => `${depth} ${span.name}`), ["0 root", "1 early", "2 deep", "1 late", "0 lost"]);
});

test("the children of an inferred segment are shown as those of the call", () => {
  const nodes = [span("root", null, 0), span("call", 0, 1, "subsegment"), span("table", 1, 1, "inferred"), span("callee", 2, 2)];
  assert.deepEqual(rows(nodes).map(({ span, depth }) => `${depth} ${span.name}`), ["0 root", "1 call", "2 callee"]);
});

test("a parent that is not in the list makes no span disappear", () => {
  assert.equal(rows([span("only", 7, 0)]).length, 1);
});
