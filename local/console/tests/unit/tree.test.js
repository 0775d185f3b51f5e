// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { criticalPath } from "../../critical.js";
import { chain } from "../../exceptions.js";
import { happenings, rows } from "../../tree.js";

/** @import { Span, Trace } from "../../types.d.ts" */

/**
 * @param {string} id
 * @param {number | null} parent
 * @param {number} start
 * @param {number} end
 * @param {Partial<Span>} more
 * @returns {Span}
 */
const span = (id, parent, start, end, more = {}) => ({ id, parent, kind: "subsegment", orphaned: false, start, end, name: id, ...more });

test("the critical path is what the end waited for", () => {
  const nodes = [
    span("root", null, 0, 4), span("short", 0, 0, 1), span("long", 0, 0, 3), span("last", 0, 3, 4),
    span("published", 3, 5, 9), span("beside", 3, 5, 6), span("call", 4, 6, 8),
  ];
  assert.deepEqual([...criticalPath(nodes)].map(({ id }) => id).sort(), ["call", "last", "long", "published", "root"]);
});

test("what is below a folded span is hidden", () => {
  const nodes = [span("a", null, 0, 4), span("b", 0, 0, 1), span("c", 1, 0, 1), span("d", 0, 2, 3)];
  assert.deepEqual(rows(nodes, new Set(["b"])).map(({ span: { id }, below }) => [id, below]), [["a", 2], ["b", 1], ["d", 0]]);
});

test("log lines and events stand at the span where they happened", () => {
  const run = { kind: /** @type {const} */ ("segment"), origin: "AWS::Lambda::Function", aws: { request_id: "r" } };
  const nodes = [
    // Documents come in any order.
    span("second", null, 5, 7, run), span("again", 0, 5, 7),
    span("first", null, 0, 2, run), span("work", 2, 0.5, 1.5), span("call", 3, 0.8, 1),
  ];
  const at = (/** @type {number} */ time, request_id = "r") => ({ time: new Date(time * 1000).toISOString(), request_id, function: "f", level: "", message: String(time), fields: "" });
  const event = { event: { id: "e", source: "s", "detail-type": "d" }, rules: [], parent_id: "call" };
  const found = happenings(/** @type {Trace} */ (/** @type {unknown} */ ({ nodes, logs: [at(0.2), at(0.9), at(1.2), at(3), at(6), at(6, "other")], events: [event] })));
  assert.deepEqual([...found].map(([id, { logs, events }]) => [id, logs.map(({ message }) => message), events.length]), [
    ["first", ["0.2", "3"], 0], ["call", ["0.9"], 1], ["work", ["1.2"], 0], ["again", ["6"], 0]]);
});

test("exceptions are followed by what caused them", () => {
  const inner = { id: "1", message: "inner" }, outer = { id: "2", cause: "1", message: "outer" };
  const failed = span("a", null, 0, 1, { cause: { exceptions: [inner, outer] } });
  const shown = (/** @type {Span} */ of) => chain(of, [failed]).map(({ message, because }) => [message, because]);
  assert.deepEqual(shown(failed), [["outer", false], ["inner", true]]);
  assert.deepEqual(shown(span("b", null, 0, 1, { cause: "1" })), [["inner", false]]);
  const loop = span("c", null, 0, 1, { cause: { exceptions: [{ id: "1", cause: "2", message: "x" }, { id: "2", cause: "1", message: "y" }] } });
  assert.equal(chain(loop, []).length, 2);
});
