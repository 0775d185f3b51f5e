// @ts-check
// What the page shows, as its URL says it: `#trace/1-…?minutes=60&filter=fault`. A link opens the same view.

/** What stands at the beginning of the hash; the first one may be left out. */
export const VIEWS = /** @type {const} */ (["map", "traces", "notifications", "dead-letters", "trace"]);

/** The minutes that are shown unless the URL says otherwise, and the most that `local` answers for. */
const MINUTES = 15;
const MAX_MINUTES = 24 * 60;

/**
 * @typedef {object} Route
 * @property {typeof VIEWS[number]} view
 * @property {string} trace the id of the trace that the view `trace` shows
 * @property {number} minutes how far back the map and the list go
 * @property {string} filter words that every listed trace has
 */

/**
 * @param {string} hash
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [place = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const [name, ...rest] = place.split("/");
  const parameters = new URLSearchParams(query);
  const minutes = Number(parameters.get("minutes"));
  return {
    view: VIEWS.find((view) => view === name) ?? "map",
    trace: name === "trace" ? decoded(rest.join("/")) : "",
    minutes: minutes > 0 ? Math.min(minutes, MAX_MINUTES) : MINUTES,
    filter: parameters.get("filter") ?? "",
  };
}

/**
 * The hash of a route; what is as usual is left out.
 * @param {Route} route
 */
export function formatRoute({ view, trace, minutes, filter }) {
  const place = view === "trace" ? "trace/" + encodeURIComponent(trace) : view === "map" ? "" : view;
  const parameters = new URLSearchParams();
  if (minutes !== MINUTES) parameters.set("minutes", String(minutes));
  if (filter) parameters.set("filter", filter);
  return "#" + place + (parameters.size ? "?" + parameters : "");
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // It has a `%` that encodes nothing: somebody typed it.
  }
}
