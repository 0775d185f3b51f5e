// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { layout } from "../../layout.js";
import { RADIUS } from "../../paths.js";

/** @import { Service } from "../../types.d.ts" */

const WIDTHS = [330, 500, 761, 1200, 1840];

/**
 * Services from lines such as `a > b c`: `a` calls `b` and `c`. The name `client` is the client's.
 * @param {string[]} lines
 * @returns {Service[]}
 */
function graph(...lines) {
  const calls = lines.map((line) => line.split(/[ >]+/));
  const names = [...new Set(calls.flat())];
  const statistics = {
    OkCount: 1, TotalCount: 1, TotalResponseTime: 1,
    ErrorStatistics: { ThrottleCount: 0, OtherCount: 0, TotalCount: 0 }, FaultStatistics: { TotalCount: 0 },
  };
  return names.map((name, id) => ({
    ReferenceId: id,
    Name: name,
    Type: name === "client" ? "client" : "AWS::Lambda",
    ...(name === "client" ? {} : { SummaryStatistics: statistics }),
    Edges: calls.filter(([caller]) => caller === name).flatMap(([, ...callees]) => callees)
      .map((callee) => ({ ReferenceId: names.indexOf(callee), SummaryStatistics: statistics })),
  }));
}

const GRAPHS = {
  "nothing": [],
  "one node": graph("a"),
  "a chain": graph("client > a", "a > b", "b > c"),
  "a diamond with a shortcut": graph("client > a", "a > b c d", "b > d", "c > d"),
  "a circle": graph("client > a", "a > b", "b > c", "c > a"),
  "a circle without an entry": graph("a > b", "b > a"),
  "a call to itself": graph("client > a", "a > a b"),
  "two circles through one node": graph("client > bus", "bus > a b", "a > bus", "b > bus x"),
  "two parts": graph("client > a", "b > c"),
  "a broad layer": graph("client > a", "a > b c d e f g h i j k l"),
  "long shortcuts": graph("client > a", "a > b c d e f", "b > c", "c > d", "d > e", "e > f"),
  "shortcuts past broad layers": graph("client > a", "a > b c d e z", "b > x", "c > x", "d > y", "e > y", "x > z", "y > z"),
  "two entries, far apart": graph("client > a", "a > b", "b > c d", "c > e", "d > e", "timer > e"),
  "crossing neighbours": graph("p > z", "q > y", "r > x"),
};

/** @param {(services: Service[], width: number, name: string) => void} check */
function forAll(check) {
  for (const [name, services] of Object.entries(GRAPHS)) for (const width of WIDTHS) check(services, width, `${name}, ${width} px`);
}

test("every node and every edge is drawn, within the picture", () => forAll((services, width, name) => {
  const map = layout(services, width);
  assert.equal(map.nodes.length, services.length, name);
  assert.equal(map.edges.length, services.flatMap((service) => service.Edges).length, name);
  for (const { x, y } of map.nodes) {
    assert.ok(x >= RADIUS && x <= map.width - RADIUS, `${name}: x ${x} of ${map.width}`);
    assert.ok(y >= map.top + RADIUS && y <= map.top + map.height - RADIUS, `${name}: y ${y} of ${map.height}`);
  }
  for (const { path } of map.edges) assert.doesNotMatch(path, /NaN|undefined|Infinity/, name);
}));

test("no two nodes overlap", () => forAll((services, width, name) => {
  const { nodes } = layout(services, width);
  nodes.forEach((a, index) => nodes.slice(index + 1).forEach((b) => {
    assert.ok(Math.hypot(a.x - b.x, a.y - b.y) > 2 * RADIUS, `${name}: ${a.service.Name} and ${b.service.Name}`);
  }));
}));

test("no edge runs through a node that it does not join, nor through its label", () => forAll((services, width, name) => {
  const map = layout(services, width);
  for (const { caller, callee, path } of map.edges) for (const { service, x, y } of map.nodes) {
    if (service === caller || service === callee) continue;
    for (const point of pointsOf(path)) {
      const text = `${name}: ${caller.Name} > ${callee.Name} at ${service.Name}`;
      assert.ok(Math.hypot(point.x - x, point.y - y) > RADIUS + 2, text);
      assert.ok(Math.abs(point.x - x) > 30 || point.y < y || point.y > y + RADIUS + 26, text + "'s label");
    }
  }
}));

/**
 * Points on a path of absolute commands, close to each other.
 * @param {string} path
 */
function pointsOf(path) {
  const points = [{ x: 0, y: 0 }];
  for (const [, command, numbers = ""] of path.matchAll(/([MLCQ])([^MLCQ]*)/g)) {
    const values = numbers.trim().split(/[ ,]+/).map(Number);
    const ends = values.flatMap((x, at) => at % 2 ? [] : [{ x, y: values[at + 1] ?? NaN }]);
    // A Bézier curve, by de Casteljau; a straight line is one of degree 1.
    const given = command === "M" ? ends : [/** @type {{ x: number, y: number }} */ (points.at(-1)), ...ends];
    for (let step = command === "M" ? 40 : 1; step <= 40; step += 1) {
      let row = given;
      const between = (/** @type {number} */ a, /** @type {number} */ b) => a + (b - a) * step / 40;
      while (row.length > 1) row = row.slice(1).map((to, at) => ({ x: between(row[at]?.x ?? NaN, to.x), y: between(row[at]?.y ?? NaN, to.y) }));
      points.push(...row);
    }
  }
  return points.slice(1);
}

test("a callee stands behind its caller unless the edge closes a circle", () => {
  /** How many edges lead back in each graph. */
  const back = { "a circle": 1, "a circle without an entry": 1, "a call to itself": 1, "two circles through one node": 2 };
  forAll((services, width, name) => {
    const map = layout(services, width);
    const at = new Map(map.nodes.map(({ service, x, y }) => [service, width > 760 ? x : y]));
    const leadBack = map.edges.filter(({ caller, callee }) => (at.get(callee) ?? 0) <= (at.get(caller) ?? 0));
    assert.equal(leadBack.length, /** @type {Record<string, number>} */ (back)[name.replace(/, \d+ px$/, "")] ?? 0, name);
  });
});

test("the client comes first", () => {
  const { nodes } = layout(GRAPHS["a circle"], 1200);
  assert.equal(nodes.toSorted((a, b) => a.x - b.x)[0]?.service.Name, "client");
});

test("neighbours stand side by side, so that edges do not cross", () => {
  const map = layout(GRAPHS["crossing neighbours"], 1200);
  const y = new Map(map.nodes.map((node) => [node.service, node.y]));
  for (const { caller, callee } of map.edges) assert.equal(y.get(caller), y.get(callee), `${caller.Name} > ${callee.Name}`);
});

test("the same services give the same picture in whatever order they come", () => {
  const places = (/** @type {Service[]} */ services) =>
    layout(services, 1200).nodes.map(({ service, x, y }) => `${service.Name} ${x} ${y}`).sort();
  const services = GRAPHS["a diamond with a shortcut"];
  assert.deepEqual(places(services.toReversed()), places(services));
});

test("a picture of few layers is as wide as its frame, one of many layers scrolls or is scaled", () => {
  assert.equal(layout(graph("client > a", "a > b", "b > c", "c > d", "d > e", "e > f"), 1100).width, 1100);
  const long = graph(...Array.from({ length: 12 }, (_, index) => `n${index} > n${index + 1}`));
  assert.equal(layout(long, 1100).width, 13 * 128);
});
