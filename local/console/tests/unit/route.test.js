// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRoute, parseRoute } from "../../route.js";

const usual = /** @type {const} */ ({ view: "map", trace: "", other: "", minutes: 15, until: 0, filter: "", after: "", subject: null });

test("a URL says what is shown", () => {
  for (const [hash, route] of /** @type {[string, object][]} */ ([
    ["", {}], ["#", {}], ["#map", {}], ["#nothing-of-ours", {}],
    ["#traces", { view: "traces" }],
    ["#trace/1-2-3", { view: "trace", trace: "1-2-3" }],
    ["#trace/a%2Fb%3Fc?minutes=5", { view: "trace", trace: "a/b?c", minutes: 5 }],
    ["#trace/100%", { view: "trace", trace: "100%" }],
    ["#dead-letters?minutes=60&filter=a%20b%3Fc", { view: "dead-letters", minutes: 60, filter: "a b?c" }],
    ["#?filter=fault", { filter: "fault" }],
    ["#traces?until=1700000000&after=1-2-3", { view: "traces", until: 1700000000, after: "1-2-3" }], ["#?until=x", {}],
    ["#compare/1-a?with=1-b", { view: "compare", trace: "1-a", other: "1-b" }],
    ["#?name=a&type=client&callee=b", { subject: { name: "a", type: "client", callee: "b" } }],
    ["#?minutes=-1", {}], ["#?minutes=x", {}], ["#?minutes=", {}], ["#?minutes=Infinity", { minutes: 1440 }],
  ])) assert.deepEqual(parseRoute(hash), { ...usual, ...route }, hash);
});

test("what a route is written as is read as that route", () => {
  for (const route of /** @type {import("../../route.js").Route[]} */ ([
    usual,
    { ...usual, view: "traces", minutes: 0.5, filter: "order_id=ord_1 & more? #1 100% ü" },
    { ...usual, until: 1700000000.5, subject: { name: "a&b", type: "AWS::Lambda", callee: "c", calleeType: "d" } },
    { ...usual, view: "compare", trace: "1-a", other: "1-b" },
    { ...usual, view: "trace", trace: "a/b?c&d=e#f %20", minutes: 360 },
  ])) assert.deepEqual(parseRoute(formatRoute(route)), route);
  assert.equal(formatRoute(usual), "#");
});
