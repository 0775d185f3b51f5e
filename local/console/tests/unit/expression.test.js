// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { completions, expressionOf } from "../../expression.js";

test("a word is completed to what may stand there", () => {
  const complete = (/** @type {string} */ text) => completions(text, ["order_id"], ["order service", 'a"b']);
  assert.ok(complete("").includes("fault") && complete("").includes("annotation[order_id] = "));
  assert.deepEqual(complete("fau"), ["fault"]);
  assert.deepEqual(complete("fault AND !ann"), ["fault AND !annotation[order_id] = "]);
  assert.deepEqual(complete("fault "), ["fault AND ", "fault OR "]);
  assert.deepEqual(complete("fault O"), ["fault OR "]);
  assert.deepEqual(complete('service("x") { fault }'), ['service("x") { fault } AND ', 'service("x") { fault } OR ']);
  assert.deepEqual(complete('user = "x"o'), ['user = "x" OR ']);
  assert.deepEqual(complete('service("order'), ['service("order service")']);
  assert.deepEqual(complete('service("a'), ['service("a\\"b")']);
  assert.deepEqual(complete('annotation[order_id] = "fau'), []);
});

test("a part of the map is an expression", () => {
  assert.equal(expressionOf({ name: 'a"b', type: "AWS::Lambda" }, "fault"), 'service(id(name: "a\\"b", type: "AWS::Lambda")) { fault }');
  assert.equal(expressionOf({ name: "a", callee: "b", calleeType: "t" }), 'edge(id(name: "a"), id(name: "b", type: "t"))');
  assert.equal(expressionOf({ name: "a", type: "client", callee: "a", calleeType: "t" }), 'service(id(name: "a", type: "t"))');
});
