// @ts-check
// Where the nodes and edges of the service map stand: in layers, left to right where there is room, else from top to bottom.
/** @import { Item } from "./layers.js" */
/** @import { Place } from "./paths.js" */
/** @import { Edge, Service } from "./types.d.ts" */
import { centred, layersOf } from "./layers.js";
import { around, through, turned } from "./paths.js";

/** Narrower than this, the layers are stacked from top to bottom. */
const WIDE = 760;
/** Where the first lane begins: above it stand the counts of its nodes. */
const TOP = 26;
/** The room of a node in its layer: its ring, its label and its count. */
const LANE = 108, NARROW = 92;
/** The room of an edge that passes a layer. */
const GAP = 26;

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
  const across = available > WIDE;
  const { columns, routes } = layersOf(services, ({ service }) => service ? LANE : GAP);
  const lane = across ? LANE : Math.max(NARROW, Math.min(...columns.map((column) => laneIn(column, available - 8)), available));
  const step = across ? clamp(available / Math.max(1, columns.length), 128, 190) : 118;
  const grid = { across, step, lane };
  const size = (/** @type {Item} */ { service }) => service ? lane : GAP;
  const broad = Math.max(lane, ...columns.map((column) => column.reduce((sum, item) => sum + size(item), 0)));

  /** @type {Map<Item, Place>} */
  const places = new Map();
  columns.forEach((column, depth) => centred(column, size).forEach(({ item, at }) => places.set(item, { along: (depth + 0.5) * step, beside: at + broad / 2 + 4 })));
  const placesOf = (/** @type {Item[]} */ items) => items.flatMap((item) => places.get(item) ?? []);
  let detours = 0;
  const edges = routes.map(({ caller, callee, edge, back, items }) => {
    const passed = placesOf(items), [from, to] = passed;
    const path = back && from && to ? around(grid, [...places.values()], from, to, detours++) : through(grid, passed);
    return { caller, callee, edge, path };
  });
  const long = columns.length * step;
  return {
    width: across ? long : broad + 8,
    height: (across ? broad + 8 : long + 20) + TOP,
    top: -TOP,
    nodes: [...places].flatMap(([{ service }, place]) => service ? [{ service, ...turned(grid, place) }] : []),
    edges,
    room: across ? step : lane,
  };
}

/**
 * How much of a width each node of a layer can have; as much as if there were three where there are fewer.
 * @param {Item[]} column
 * @param {number} width
 */
function laneIn(column, width) {
  const nodes = column.filter(({ service }) => service).length;
  return (width - (column.length - nodes) * GAP) / Math.max(nodes, 3);
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function clamp(value, least, most) {
  return Math.max(least, Math.min(most, value));
}
