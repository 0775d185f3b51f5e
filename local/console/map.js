// @ts-check
// The service map: a picture, and a table that says the same.
/** @import { Layout } from "./layout.js" */
/** @import { Route, Subject } from "./route.js" */
/** @import { Service, Statistics } from "./types.d.ts" */
import { el, svg } from "./dom.js";
import { duration, shorten, withoutPrefix } from "./format.js";
import { layout } from "./layout.js";
import { RADIUS } from "./paths.js";
import { formatRoute } from "./route.js";

/** A map that is too large for its frame is scaled down to this, and scrolls from there on. */
const SMALLEST = 0.8;
/** @type {Statistics} */
const NOTHING = {
  OkCount: 0, TotalCount: 0, TotalResponseTime: 0,
  ErrorStatistics: { ThrottleCount: 0, OtherCount: 0, TotalCount: 0 }, FaultStatistics: { TotalCount: 0 },
};

/**
 * Draws the map of `services`, as GetServiceGraph answers them.
 * @param {Service[]} services
 * @param {string} prefix what the reader knows of each name
 * @param {number} width the frame's
 * @param {Route} [route] where nodes and edges can be opened
 */
export function drawMap(services, prefix, width, route) {
  const map = layout(services, width);
  const letters = Math.floor(map.room / 6.6);
  const arrow = svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" },
    svg("path", { d: "M0 0 8 4 0 8z" }));
  const picture = svg("svg", { viewBox: `0 ${map.top} ${map.width} ${map.height}`, role: route ? "group" : "img", "aria-label": summary(map) },
    svg("defs", {}, arrow),
    ...map.edges.map((edge) => edgeOf(edge, prefix, route)),
    ...map.nodes.map(({ service, x, y }) => node(service, x, y, prefix, letters, route)));
  picture.style.maxWidth = map.width + "px";
  picture.style.minWidth = map.width * SMALLEST + "px";
  return [
    el("div", { class: "map", role: "region", "aria-label": "Service map", tabindex: 0 }, picture),
    el("details", {}, el("summary", {}, "the calls as a table"), calls(map, prefix, route)),
  ];
}

/**
 * The map in a sentence.
 * @param {Layout} map
 */
function summary({ nodes, edges }) {
  const failed = nodes.filter(({ service }) => statisticsOf(service).FaultStatistics.TotalCount).map(({ service }) => service.Name);
  return `Map of ${nodes.length} nodes and ${edges.length} kinds of calls, ${failed.length ? `faults in ${[...new Set(failed)].join(", ")}` : "no faults"}; the table below says the same`;
}

/**
 * @param {Layout["edges"][number]} edge
 * @param {string} prefix
 * @param {Route} [route]
 */
function edgeOf({ edge: { SummaryStatistics }, path, caller, callee }, prefix, route) {
  const key = `${keyOf(caller)} > ${keyOf(callee)}`, name = `${nameOf(caller, prefix)} calls ${nameOf(callee, prefix)}`;
  const line = svg("path", { d: path, class: "edge " + worst(SummaryStatistics), "marker-end": "url(#arrow)" });
  // The line is thin: a wide, invisible one takes the clicks.
  return opens(key, subjectOf(caller, callee), describe(name, SummaryStatistics), route, svg("path", { d: path, class: "reach" }), line);
}

/**
 * A part of the picture, as a link where it can be opened.
 * @param {string} key
 * @param {Subject} subject
 * @param {string} label
 * @param {Route | undefined} route
 * @param {Node[]} children
 */
function opens(key, subject, label, route, ...children) {
  const title = svg("title", {}, label);
  if (!route) return svg("g", { "data-key": key }, title, ...children);
  const open = route.subject !== null && JSON.stringify(route.subject) === JSON.stringify(subject);
  return svg("a", { "data-key": key, href: formatRoute({ ...route, subject }), "aria-current": open && "true" }, title, ...children);
}

/**
 * @param {Service} service
 * @param {Service} [callee]
 * @returns {Subject}
 */
function subjectOf({ Name, Type }, callee) {
  return { name: Name, ...Type && { type: Type }, ...callee && { callee: callee.Name, ...callee.Type && { calleeType: callee.Type } } };
}

/**
 * What the picture shows, for those who do not see it or want to copy from it.
 * @param {Layout} map
 * @param {string} prefix
 * @param {Route} [route]
 */
function calls({ edges }, prefix, route) {
  const headings = ["Caller", "Callee", "Calls", "On average", "Errors", "Throttled", "Faults"];
  const named = (/** @type {Service} */ service) => [nameOf(service, prefix), kindOf(service)].filter(Boolean).join(" · ");
  const rows = edges.map(({ caller, callee, edge: { SummaryStatistics: statistics } }) => ({
    key: `${keyOf(caller)} > ${keyOf(callee)}`,
    href: route && formatRoute({ ...route, subject: subjectOf(caller, callee) }),
    names: [named(caller), named(callee)],
    numbers: [statistics.TotalCount, average(statistics), statistics.ErrorStatistics.OtherCount, statistics.ErrorStatistics.ThrottleCount, statistics.FaultStatistics.TotalCount],
  }));
  rows.sort((a, b) => a.key < b.key ? -1 : 1);
  return el("div", { class: "wide-table", role: "region", "aria-label": "Calls", tabindex: 0 }, el("table", {},
    el("thead", {}, el("tr", {}, headings.map((text, index) => el("th", { scope: "col", class: index > 1 && "number" }, text)))),
    el("tbody", {}, rows.map(({ key, href, names, numbers }) => el("tr", { "data-key": key },
      names.map((name, index) => el("td", {}, index && href ? el("a", { href }, name) : name)),
      numbers.map((number) => el("td", { class: "number" }, String(number))))))));
}

/**
 * @param {Service} service
 * @param {string} prefix
 */
function nameOf(service, prefix) {
  return service.Type === "client" ? "client" : withoutPrefix(withoutPrefix(service.Name, prefix), prefix.slice(0, -1));
}

/** @param {Service} service */
function kindOf({ Type = "" }) {
  return Type === "client" ? "" : Type.replace("AWS::", "");
}

/**
 * What stays the same from one graph to the next; the ids in it do not.
 * @param {Service} service
 */
function keyOf({ Name, Type }) {
  return `${Name} ${Type}`;
}

/**
 * @param {Service} service
 * @param {number} x
 * @param {number} y
 * @param {string} prefix
 * @param {number} letters how many a label may have
 * @param {Route} [route]
 */
function node(service, x, y, prefix, letters, route) {
  const statistics = statisticsOf(service), { TotalCount } = statistics, name = nameOf(service, prefix);
  const group = opens(keyOf(service), subjectOf(service), describe([name, kindOf(service)].filter(Boolean).join(", "), statistics), route,
    svg("circle", { r: RADIUS, class: "disc" }),
    ...ring(service),
    svg("text", { class: "inside", y: 4 }, average(statistics).replace(" ms", "")),
    svg("text", { class: "halo", y: RADIUS + 15 }, shorten(name, letters)),
    svg("text", { class: "kind halo", y: RADIUS + 27 }, shorten(kindOf(service), letters + 2)),
    svg("text", { class: "count halo", y: -RADIUS - 6 }, TotalCount + (TotalCount === 1 ? " call" : " calls")));
  group.setAttribute("transform", `translate(${x} ${y})`);
  return group;
}

/**
 * Clients have no statistics of their own: theirs are those of the one service that they call.
 * @param {Service} service
 * @returns {Statistics}
 */
function statisticsOf({ SummaryStatistics, Edges: [edge] }) {
  return SummaryStatistics ?? edge?.SummaryStatistics ?? NOTHING;
}

/**
 * The ring around a node: a share of it for each kind of answer.
 * @param {Service} service
 */
function ring(service) {
  const { OkCount, ErrorStatistics, FaultStatistics, TotalCount } = statisticsOf(service);
  if (!TotalCount) return [svg("circle", { r: RADIUS, class: "ring none" })];
  const counts = { fault: FaultStatistics.TotalCount, throttle: ErrorStatistics.ThrottleCount, error: ErrorStatistics.OtherCount, ok: OkCount };
  const length = 2 * Math.PI * RADIUS;
  const parts = [];
  let from = 0;
  for (const [kind, count] of Object.entries(counts)) {
    if (!count) continue;
    const part = count / TotalCount * length;
    parts.push(svg("circle", { r: RADIUS, class: "ring " + kind, "stroke-dasharray": `${part} ${length - part}`, "stroke-dashoffset": -from, transform: "rotate(-90)" }));
    from += part;
  }
  if (service.State !== "active") parts.push(svg("circle", { r: RADIUS - 5, class: "ring none inferred", "stroke-width": 1 }));
  return parts;
}

/** @param {Statistics} statistics */
function worst({ FaultStatistics, ErrorStatistics }) {
  if (FaultStatistics.TotalCount) return "fault";
  if (ErrorStatistics.ThrottleCount) return "throttle";
  return ErrorStatistics.OtherCount ? "error" : "ok";
}

/** @param {Statistics} statistics */
function average({ TotalCount, TotalResponseTime }) {
  return TotalCount ? duration(TotalResponseTime / TotalCount) : "–";
}

/**
 * @param {string} name
 * @param {Statistics} statistics
 */
function describe(name, statistics) {
  const { TotalCount, ErrorStatistics, FaultStatistics } = statistics;
  const numbers = `${TotalCount} in all, ${average(statistics)} on average, ${ErrorStatistics.TotalCount} errors, ${FaultStatistics.TotalCount} faults`;
  return `${name}: ${numbers}`;
}
