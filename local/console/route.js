// @ts-check
// What the page shows, as its URL says it: `#trace/1-…?minutes=60&filter=fault`. A link opens the same view.

/** What stands at the beginning of the hash; the first one may be left out. */
const VIEWS = /** @type {const} */ (["map", "traces", "events", "logs", "invocations", "notifications", "dead-letters", "trace", "compare"]);

/** The minutes that are shown unless the URL says otherwise, and the most that `local` answers for. */
const MINUTES = 15;
const MAX_MINUTES = 24 * 60;

/**
 * A node of the map, or an edge.
 * @typedef {object} Subject
 * @property {string} name the node's, the caller's for an edge
 * @property {string} [type]
 * @property {string} [callee]
 * @property {string} [calleeType]
 */

/**
 * @typedef {object} Route
 * @property {typeof VIEWS[number]} view
 * @property {string} trace the id of the trace that the view `trace` shows
 * @property {string} other the trace that it is compared with, or is to be compared with
 * @property {number} minutes how far back the map and the lists go
 * @property {number} until where they end, in seconds since 1970; 0 is now
 * @property {string} filter X-Ray's filter expression, or a trace id
 * @property {string} after the entry after which the page of a list begins
 * @property {Subject | null} subject what of the map is looked at
 */

/**
 * @param {string} hash
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [place = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const [name, ...rest] = place.split("/");
  const parameters = new URLSearchParams(query);
  const minutes = Number(parameters.get("minutes")), until = Number(parameters.get("until"));
  return {
    view: VIEWS.find((view) => view === name) ?? "map",
    trace: name === "trace" || name === "compare" ? decoded(rest.join("/")) : "",
    other: parameters.get("with") ?? "",
    minutes: minutes > 0 ? Math.min(minutes, MAX_MINUTES) : MINUTES,
    until: until > 0 && until < 1e11 ? until : 0,
    filter: parameters.get("filter") ?? "",
    after: parameters.get("after") ?? "",
    subject: subjectOf(parameters),
  };
}

/**
 * The hash of a route; what is as usual is left out.
 * @param {Route} route
 */
export function formatRoute({ view, trace, other, minutes, until, filter, after, subject }) {
  const place = view === "trace" || view === "compare" ? `${view}/${encodeURIComponent(trace)}` : view === "map" ? "" : view;
  const parameters = new URLSearchParams();
  if (minutes !== MINUTES) parameters.set("minutes", String(minutes));
  if (until) parameters.set("until", String(until));
  if (filter) parameters.set("filter", filter);
  if (other) parameters.set("with", other);
  if (after && isList(view)) parameters.set("after", after);
  if (view === "map") for (const [name, value] of Object.entries(subject ?? {})) if (value !== undefined) parameters.set(name, value);
  return "#" + place + (parameters.size ? "?" + parameters : "");
}

/**
 * Whether a view is a list that has pages.
 * @param {Route["view"]} view
 */
export function isList(view) {
  return view !== "map" && view !== "trace" && view !== "compare";
}

/**
 * The query with which `local` is asked for what a route shows.
 * @param {Route} route
 * @param {Record<string, string | number>} more
 */
export function queryOf({ minutes, until, filter }, more) {
  const parameters = new URLSearchParams({ minutes: String(minutes) });
  if (until) parameters.set("until", String(until));
  if (filter.trim()) parameters.set("filter", filter);
  for (const [name, value] of Object.entries(more)) if (value) parameters.set(name, String(value));
  return "?" + parameters;
}

/**
 * @param {URLSearchParams} parameters
 * @returns {Subject | null}
 */
function subjectOf(parameters) {
  const name = parameters.get("name");
  if (name === null) return null;
  /** @type {Subject} */
  const subject = { name };
  for (const key of /** @type {const} */ (["type", "callee", "calleeType"])) {
    const value = parameters.get(key);
    if (value !== null) subject[key] = value;
  }
  return subject;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // It has a `%` that encodes nothing: somebody typed it.
  }
}
