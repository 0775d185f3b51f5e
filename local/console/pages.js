// @ts-check
// The way through a list that is longer than a page.
/** @import { Route } from "./route.js" */
import { el } from "./dom.js";
import { formatRoute } from "./route.js";

/**
 * @typedef {object} Page
 * @property {number} offset how many entries are on the pages before
 * @property {number} length how many are on this one
 * @property {number} count how many there are
 * @property {string | null | undefined} newer after which entry the page before begins; nothing where there is none
 * @property {string | undefined} last what the next page begins after
 */

/**
 * Where a page stands, and the ways to its neighbours; nothing where everything is on one page.
 * @param {Page} page
 * @param {string} name of what is listed
 * @param {Route} route
 */
export function drawPages({ offset, length, count, newer, last }, name, route) {
  if (!last || length === count) return null;
  const to = (/** @type {string} */ after) => formatRoute({ ...route, after });
  return el("nav", { class: "pages", "aria-label": `Pages of ${name}` },
    el("span", {}, `${offset + 1} to ${offset + length} of ${count}`),
    typeof newer === "string" && newer && el("a", { href: to("") }, "newest"),
    typeof newer === "string" && el("a", { href: to(newer), rel: "prev" }, "newer"),
    offset + length < count && el("a", { href: to(last), rel: "next" }, "older"));
}
