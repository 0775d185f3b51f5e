// @ts-check
// The lines of the map under the pointer: their wide, invisible areas overlap, and the nearest line is meant.

/** Steps along a line between which its distance is measured. */
const STEP = 4;

/**
 * Lets only the nearest of the lines under the pointer take what the pointer does: hovering, titles and clicks.
 * @param {PointerEvent} event
 */
export function preferNearest({ target, clientX, clientY }) {
  const picture = target instanceof Element && target.closest(".map svg");
  if (!(picture instanceof SVGSVGElement)) return;
  const matrix = picture.getScreenCTM();
  if (!matrix) return;
  const pointer = new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse());
  const reaches = [...picture.querySelectorAll(".reach")].filter((each) => each instanceof SVGGeometryElement);
  const under = reaches.filter((reach) => reach.isPointInStroke(pointer));
  const distances = under.length > 1 ? under.map((reach) => distance(reach, pointer)) : [];
  const nearest = under[distances.indexOf(Math.min(...distances))];
  for (const reach of reaches) reach.toggleAttribute("data-yields", nearest !== undefined && reach !== nearest && under.includes(reach));
}

/**
 * @param {SVGGeometryElement} line
 * @param {DOMPoint} to
 */
function distance(line, to) {
  const length = line.getTotalLength();
  let least = Infinity;
  for (let at = 0; at <= length; at += STEP) {
    const { x, y } = line.getPointAtLength(at);
    least = Math.min(least, Math.hypot(x - to.x, y - to.y));
  }
  return least;
}
