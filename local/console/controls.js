// @ts-check
// What the reader chooses with: the time, the filter and the links to the views.
/** @import { Route } from "./route.js" */
import { byId, el } from "./dom.js";
import { localTime } from "./format.js";
import { formatRoute, parseRoute } from "./route.js";

export const minutes = byId("minutes", HTMLSelectElement);
export const until = byId("until", HTMLInputElement);
export const filter = byId("filter", HTMLInputElement);
const title = document.title;

/**
 * Shows the route in the title, the controls and the links.
 * @param {Route} route
 */
export function showRoute(route) {
  document.title = route.view === "trace" ? `${route.trace} – ${title}` : title;
  const value = String(route.minutes);
  if (![...minutes.options].some((option) => option.value === value)) minutes.append(el("option", { value }, value + " min"));
  minutes.value = value;
  until.value = route.until ? localTime(route.until) : "";
  if (filter.value !== route.filter) filter.value = route.filter;
  byId("filter-label", HTMLElement).hidden = route.view !== "map" && route.view !== "traces";
  for (const link of document.querySelectorAll("a[data-view]")) {
    const { view } = parseRoute("#" + link.getAttribute("data-view"));
    link.setAttribute("href", formatRoute({ ...route, view, after: "", other: "", subject: null }));
    if (view === route.view && link.closest("nav")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
