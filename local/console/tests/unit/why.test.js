// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { crashes, culprits } from "../../failures.js";
import { failures, reason } from "../../why.js";

/** @import { LogLine, Span, Trace } from "../../types.d.ts" */

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

/**
 * @param {string} level
 * @param {string} message
 * @param {Partial<LogLine>} more
 * @returns {LogLine}
 */
function line(level, message, more = {}) {
  return { time: "2026-01-01T00:00:00Z", function: "pay", level, message, fields: "", request_id: "r", ...more };
}

test("what a process wrote last stands with its end", () => {
  const end = line("ERROR", "Runtime.ExitError: RequestId: r Error: Runtime exited with error: exit status 101");
  const panic = [line("", ""), line("", "thread 'main' (7) panicked at src/main.rs:7:5:"), line("", "out of paper")];
  const words = ["thread 'main' (7) panicked at src/main.rs:7:5:", "out of paper"];
  for (const [lines, expected] of /** @type {[LogLine[], string[][]][]} */ ([
    [[], []],
    [[end], [[]]],
    [[...panic, end], [words]],
    [[...panic, line("", "note: run with `RUST_BACKTRACE=1`"), end], [words]],
    [[...panic, line("", "stack backtrace:"), line("", "0: main"), end], [words]],
    // What was written before the panic, as JSON, by others and by an earlier attempt is something else.
    [[line("", "starting"), ...panic.slice(0, 2), line("", "metrics", { fields: "n=1" }), line("", "x", { request_id: "other" }), line("INFO", "y"), ...panic.slice(2), end], [words]],
    [[...panic, end, line("", "a"), line("", "b"), line("", "c"), line("", "d"), end], [words, ["b", "c", "d"]]],
  ])) assert.deepEqual([...crashes(lines.map((each) => ({ ...each }))).values()], expected);
});

test("the same error of the same invocation is listed once, with the process's last words", () => {
  const message = "RequestId: r Error: Runtime exited with error: exit status 101";
  const cause = { exceptions: [{ type: "Runtime.ExitError", message }] };
  const run = (/** @type {number} */ start, /** @type {number} */ parent) =>
    span(`run${start}`, parent, { kind: "segment", name: "pay", origin: "AWS::Lambda::Function", fault: true, start, end: start + 1, aws: { request_id: "r" }, cause });
  const attempt = (/** @type {number} */ start) => span(`attempt${start}`, null, { fault: true, start, end: start + 1 });
  const end = () => [line("", "thread 'main' panicked at a.rs:1:1:"), line("", "out of paper"), line("ERROR", "Runtime.ExitError: " + message)];
  const letter = { id: "l", queue: "failed", time: "", reason: "Runtime.ExitError: " + message, attributes: {}, body: {}, trace_id: "t" };
  const trace = /** @type {Trace} */ (/** @type {Partial<Trace>} */ ({
    nodes: [attempt(1), run(1, 0), attempt(3), run(3, 2)], deadLetters: [letter],
    logs: [...end(), ...end(), line("ERROR", "gave up"), line("ERROR", "gave up"), line("ERROR", "Runtime.ExitError: " + message, { request_id: "other" })],
  }));
  const { spans, letters, lines } = failures(trace, "");
  assert.deepEqual(spans.map(({ span, times, words }) => [span.id, times, words.at(-1)]), [["run1", 2, "out of paper"]]);
  assert.deepEqual(letters.map(({ why }) => why), [""]);
  assert.deepEqual(lines.map(({ why, times }) => [why, times]), [["gave up", 2], ["Runtime.ExitError: " + message, 1]]);
});
