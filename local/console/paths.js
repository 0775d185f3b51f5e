// @ts-check
// The lines of the service map.

export const RADIUS = 24;

/** How far from a node's middle a line ends. */
const RIM = RADIUS + 4;
/** The steepest way out of a node, in radians off the direction of the layers. */
const STEEPEST = 0.9;

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ along: number, beside: number }} Place in the direction of the layers, and across it */
/** @typedef {{ across: boolean, step: number, lane: number }} Grid */

/**
 * From one circle's rim to the other's, by the gaps that are kept free for it in the layers between.
 * @param {Grid} grid
 * @param {Place[]} places the ends, and the gaps between them
 */
export function through(grid, places) {
  const first = places[0], last = places.at(-1);
  if (!first || !last) return "";
  const p = (/** @type {number} */ along, /** @type {number} */ beside) => point(turned(grid, { along, beside }));
  /** Half of the way on which a line leads straight through a gap: past the node beside it, and its label. */
  const half = grid.step * 0.3;
  let from = onRim(first, places[1] ?? last, 1), path = `M${p(from.along, from.beside)}`;
  const curveTo = (/** @type {Place} */ to) => {
    const pull = (to.along - from.along) * 0.45;
    path += `C${p(from.along + pull, from.beside)} ${p(to.along - pull, to.beside)} ${p(to.along, to.beside)}`;
    from = to;
  };
  for (const { along, beside } of places.slice(1, -1)) {
    curveTo({ along: along - half, beside });
    from = { along: along + half, beside };
    path += `L${p(from.along, from.beside)}`;
  }
  curveTo(onRim(last, places.at(-2) ?? first, -1));
  return path;
}

/**
 * Where a line leaves a node, or reaches it.
 * @param {Place} node
 * @param {Place} towards
 * @param {1 | -1} direction along the layers
 */
function onRim(node, towards, direction) {
  const angle = Math.atan2(towards.beside - node.beside, Math.abs(towards.along - node.along));
  const bounded = Math.max(-STEEPEST, Math.min(STEEPEST, angle));
  return { along: node.along + direction * Math.cos(bounded) * RIM, beside: node.beside + Math.sin(bounded) * RIM };
}

/**
 * An edge that leads back goes around what lies between: out between two layers, along the side, and in again.
 * @param {Grid} grid
 * @param {Place[]} all
 * @param {Place} from
 * @param {Place} to
 * @param {number} number how many such edges there are already; each has a track of its own
 */
export function around(grid, all, { along: l1, beside: w1 }, { along: l2, beside: w2 }, number) {
  const between = all.filter(({ along }) => along <= l1 + 1 && along >= l2 - 1);
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
 * @param {Place} place
 * @returns {Point}
 */
export function turned({ across }, { along, beside }) {
  return across ? { x: along, y: beside } : { x: beside, y: along };
}

/** @param {Point} point */
function point({ x, y }) {
  return `${x} ${y}`;
}
