// @ts-check
// Where the nodes and edges of the service map stand: in layers, left to right where there is room, else from top to bottom.
/** @import { Edge, Service } from "./types.d.ts" */

export const RADIUS = 24;

/** Narrower than this, the layers are stacked from top to bottom. */
const WIDE = 760;
/** Where the first lane begins: above it stand the counts of its nodes. */
const TOP = 26;

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {number} top the smallest y
 * @property {{ service: Service, x: number, y: number }[]} nodes
 * @property {{ caller: Service, callee: Service, edge: Edge, path: string }[]} edges
 * @property {number} room how wide a node's label may be
 */

/**
 * Lays out `services`.
 * @param {Service[]} services
 * @param {number} available the width of the frame
 * @returns {Layout}
 */
export function layout(services, available) {
  const byId = new Map(services.map((service) => [service.ReferenceId, service]));
  const { columns, back } = layers(services, byId);
  untangle(columns);
  const across = available > WIDE;
  const widest = Math.max(1, ...columns.map((column) => column.length));
  const step = across ? clamp(available / Math.max(1, columns.length), 128, 190) : 118;
  const lane = across ? 108 : Math.max(92, (available - 8) / Math.max(widest, 3));
  const grid = { across, step, lane };

  /** @type {Map<Service, Point>} */
  const at = new Map();
  columns.forEach((column, depth) => column.forEach((service, index) => {
    const beside = (index + 0.5 + (widest - column.length) / 2) * lane + 4;
    at.set(service, turned(grid, { along: (depth + 0.5) * step, beside }));
  }));
  let detours = 0;
  const edges = services.flatMap((caller) => caller.Edges.flatMap((edge) => {
    const callee = byId.get(edge.ReferenceId);
    const from = at.get(caller), to = callee && at.get(callee);
    if (!callee || !from || !to) return [];
    const path = back.has(edge) ? around(grid, [...at.values()], from, to, detours++) : curve(grid, from, to);
    return [{ caller, callee, edge, path }];
  }));
  const long = columns.length * step, broad = widest * lane;
  return {
    width: across ? long : broad + 8,
    height: (across ? broad + 8 : long + 20) + TOP,
    top: -TOP,
    nodes: [...at].map(([service, { x, y }]) => ({ service, x, y })),
    edges,
    room: across ? step : lane,
  };
}

/**
 * Each node's layer is one more than its farthest caller's. Edges that lead back are found first and left out.
 * @param {Service[]} services
 * @param {Map<number, Service>} byId
 */
function layers(services, byId) {
  /** @type {Set<Edge>} */
  const back = new Set();
  /** @type {Set<Service>} */
  const done = new Set();
  /** @type {Set<Service>} */
  const open = new Set();
  /** @type {Service[]} */
  const callersFirst = [];
  const visit = (/** @type {Service} */ service) => {
    open.add(service);
    for (const edge of service.Edges) {
      const callee = byId.get(edge.ReferenceId);
      if (!callee) continue;
      if (open.has(callee)) back.add(edge);
      else if (!done.has(callee)) visit(callee);
    }
    open.delete(service);
    done.add(service);
    callersFirst.unshift(service);
  };
  const clients = services.filter((service) => service.Type === "client");
  for (const service of [...clients, ...services]) if (!done.has(service)) visit(service);

  const layer = new Map(services.map((service) => [service, 0]));
  for (const service of callersFirst) for (const edge of service.Edges) {
    const callee = byId.get(edge.ReferenceId);
    if (callee && !back.has(edge)) layer.set(callee, Math.max(layer.get(callee) ?? 0, (layer.get(service) ?? 0) + 1));
  }
  /** @type {Service[][]} */
  const columns = Array.from({ length: services.length ? Math.max(...layer.values()) + 1 : 0 }, () => []);
  for (const [service, depth] of layer) columns[depth]?.push(service);
  return { columns, back };
}

/**
 * Orders each layer by where its neighbours stand, so that few edges cross.
 * @param {Service[][]} columns
 */
function untangle(columns) {
  /** @type {Map<number, number>} */
  const place = new Map();
  /** @type {Map<number, number[]>} */
  const callers = new Map();
  /** @type {Map<number, number[]>} */
  const callees = new Map();
  for (const service of columns.flat()) for (const edge of service.Edges) {
    push(callers, edge.ReferenceId, service.ReferenceId);
    push(callees, service.ReferenceId, edge.ReferenceId);
  }
  const settle = (/** @type {Service[]} */ column) =>
    column.forEach((service, index) => place.set(service.ReferenceId, (index + 0.5) / column.length));
  for (const column of columns) {
    column.sort(byName);
    settle(column);
  }
  for (let round = 0; round < 8; round += 1) {
    const neighbours = round % 2 ? callees : callers;
    for (const column of columns) {
      const weight = new Map(column.map((service) => {
        const places = (neighbours.get(service.ReferenceId) ?? [service.ReferenceId]).map((id) => place.get(id) ?? 0);
        return [service, places.reduce((a, b) => a + b) / places.length];
      }));
      column.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0) || byName(a, b));
      settle(column);
    }
  }
}

/**
 * @param {Service} a
 * @param {Service} b
 */
function byName(a, b) {
  const label = (/** @type {Service} */ service) => service.Name + (service.Type ?? "");
  return label(a) < label(b) ? -1 : 1;
}

// === Paths

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ across: boolean, step: number, lane: number }} Grid */

/**
 * From one circle's rim to the other's.
 * @param {Grid} grid
 * @param {Point} from
 * @param {Point} to
 */
function curve({ across }, from, to) {
  const angle = Math.atan2(to.y - from.y, to.x - from.x), rim = RADIUS + 4;
  const start = { x: from.x + Math.cos(angle) * rim, y: from.y + Math.sin(angle) * rim };
  const end = { x: to.x - Math.cos(angle) * rim, y: to.y - Math.sin(angle) * rim };
  const pull = { x: across ? (to.x - from.x) * 0.25 : 0, y: across ? 0 : (to.y - from.y) * 0.25 };
  return `M${point(start)}C${start.x + pull.x} ${start.y + pull.y} ${end.x - pull.x} ${end.y - pull.y} ${point(end)}`;
}

/**
 * An edge that leads back goes around what lies between: out between two layers, along the side, and in again.
 * @param {Grid} grid
 * @param {Point[]} all
 * @param {Point} from
 * @param {Point} to
 * @param {number} number how many such edges there are already; each has a track of its own
 */
function around(grid, all, from, to, number) {
  const { along: l1, beside: w1 } = straight(grid, from), { along: l2, beside: w2 } = straight(grid, to);
  const between = all.map((other) => straight(grid, other)).filter(({ along }) => along <= l1 + 1 && along >= l2 - 1);
  const track = number * 7;
  const side = Math.max((grid.across ? -20 : 4) + track, Math.min(...between.map(({ beside }) => beside)) - grid.lane * 0.5 - track);
  const rim = RADIUS * 0.75, round = 12;
  const out = l1 - grid.step / 2 + track - 4, back = l2 + grid.step / 2 - track - 4;
  const p = (/** @type {number} */ along, /** @type {number} */ beside) => point(turned(grid, { along, beside }));
  return `M${p(l1 - rim - 3, w1 - rim - 3)}C${p(out, w1 - rim - 6)} ${p(out, w1 - rim - 6)} ${p(out, w1 - rim - 26)}`
    + `L${p(out, side + round)}Q${p(out, side)} ${p(out - round, side)}`
    + `L${p(back + round, side)}Q${p(back, side)} ${p(back, side + round)}`
    + `L${p(back, w2 - rim - 26)}C${p(back, w2 - rim - 6)} ${p(back, w2 - rim - 6)} ${p(l2 + rim + 5, w2 - rim - 4)}`;
}

/**
 * @param {Grid} grid
 * @param {{ along: number, beside: number }} place
 * @returns {Point}
 */
function turned({ across }, { along, beside }) {
  return across ? { x: along, y: beside } : { x: beside, y: along };
}

/**
 * @param {Grid} grid
 * @param {Point} point
 */
function straight({ across }, { x, y }) {
  return across ? { along: x, beside: y } : { along: y, beside: x };
}

/** @param {Point} point */
function point({ x, y }) {
  return `${x} ${y}`;
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function clamp(value, least, most) {
  return Math.max(least, Math.min(most, value));
}

/**
 * @param {Map<number, number[]>} lists
 * @param {number} key
 * @param {number} value
 */
function push(lists, key, value) {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
