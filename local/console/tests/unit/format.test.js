// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { commonPrefix, duration, shorten, timeOfDay, visible, withoutPrefix } from "../../format.js";

test("durations have three digits", () => {
  for (const [seconds, text] of /** @type {[number, string][]} */ ([
    [0, "0.00 ms"], [0.000_04, "0.04 ms"], [0.009_87, "9.87 ms"], [0.012_34, "12.3 ms"], [0.123_4, "123 ms"], [9.999, "9999 ms"], [10, "10.0 s"], [75, "75.0 s"],
  ])) assert.equal(duration(seconds), text);
});

test("times are the local time of day", () => {
  assert.match(timeOfDay(1_795_570_357.081), /^\d\d:\d\d:\d\d\.081$/);
  assert.match(timeOfDay("2026-11-25T01:32:36.7Z"), /^\d\d:\d\d:36\.700$/);
});

test("a common prefix ends with a hyphen", () => {
  for (const [names, prefix] of /** @type {[string[], string][]} */ ([
    [[], ""], [["demo-a"], ""], [["demo-order", "demo-payment"], "demo-"], [["demo-a-x", "demo-a-y", "demo-b"], "demo-"], [["order", "orders"], ""], [["a", "b"], ""],
  ])) assert.equal(commonPrefix(names), prefix);
});

test("names are shortened", () => {
  assert.equal(withoutPrefix("demo-order", "demo-"), "order");
  assert.equal(withoutPrefix("other-demo-order", "demo-"), "other-demo-order");
  assert.equal(shorten("order-service", 13), "order-service");
  assert.equal(shorten("order-service", 6), "or…ice");
  assert.equal(shorten("order-service", 1), "…");
  const [one, other] = ["shop-of-many-things-order-service", "shop-of-many-things-payment-service"];
  assert.notEqual(shorten(one, 20), shorten(other, 20));
});

test("what would reverse a text is written out, and letters of every script stay", () => {
  for (const [text, expected] of /** @type {[string, string][]} */ ([
    ["abc", "abc"], ["שלום → ok", "שלום → ok"], ["pay\u202egnp", "pay⟨U+202E⟩gnp"], ["\u2066x\u2069\u202a", "⟨U+2066⟩x⟨U+2069⟩⟨U+202A⟩"],
  ])) assert.equal(visible(text), expected);
});
