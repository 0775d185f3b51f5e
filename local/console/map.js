// The service map: a layered picture, left to right where there is room, else from top to bottom.
import { ms } from "./app.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const RADIUS = 24;

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Each node's layer: one more than its farthest caller. Edges that lead back are found first and left out. */
function layers(services) {
  const byId = new Map(services.map((service) => [service.ReferenceId, service]));
  const back = new Set(), done = new Set(), open = new Set(), order = [];
  const visit = (id) => {
    open.add(id);
    for (const edge of byId.get(id).Edges) {
      const target = edge.ReferenceId;
      if (open.has(target)) back.add(id + ">" + target);
      else if (!done.has(target)) visit(target);
    }
    open.delete(id); done.add(id); order.unshift(id);
  };
  const entries = services.filter((service) => service.Type === "client");
  for (const service of [...entries, ...services]) if (!done.has(service.ReferenceId)) visit(service.ReferenceId);
  const layer = new Map(services.map((service) => [service.ReferenceId, 0]));
  for (const id of order) for (const edge of byId.get(id).Edges) {
    if (!back.has(id + ">" + edge.ReferenceId)) layer.set(edge.ReferenceId, Math.max(layer.get(edge.ReferenceId), layer.get(id) + 1));
  }
  const columns = [];
  for (const service of services) (columns[layer.get(service.ReferenceId)] ??= []).push(service);
  return { columns: [...columns].map((column) => column ?? []), back };
}

/** Orders each layer by where its neighbours stand, so that few edges cross. */
function untangle(columns) {
  const place = new Map();
  const settle = () => columns.forEach((column) => column.forEach((service, index) => place.set(service.ReferenceId, (index + 0.5) / column.length)));
  const callers = new Map(), callees = new Map();
  for (const service of columns.flat()) for (const edge of service.Edges) {
    (callers.get(edge.ReferenceId) ?? callers.set(edge.ReferenceId, []).get(edge.ReferenceId)).push(service.ReferenceId);
    (callees.get(service.ReferenceId) ?? callees.set(service.ReferenceId, []).get(service.ReferenceId)).push(edge.ReferenceId);
  }
  const label = (service) => service.Name + (service.Type ?? "");
  columns.forEach((column) => column.sort((a, b) => label(a) < label(b) ? -1 : 1));
  settle();
  for (let round = 0; round < 8; round += 1) {
    const neighbours = round % 2 ? callees : callers;
    for (const column of columns) {
      const weight = new Map(column.map((service) => {
        const near = (neighbours.get(service.ReferenceId) ?? []).map((id) => place.get(id));
        return [service, near.length ? near.reduce((a, b) => a + b) / near.length : place.get(service.ReferenceId)];
      }));
      column.sort((a, b) => weight.get(a) - weight.get(b) || (label(a) < label(b) ? -1 : 1));
      settle();
    }
  }
}

function worst(statistics) {
  if (statistics.FaultStatistics.TotalCount) return "fault";
  if (statistics.ErrorStatistics.ThrottleCount) return "throttle";
  if (statistics.ErrorStatistics.OtherCount) return "error";
  return "ok";
}

/** The ring around a node: a share of it for each kind of answer. */
function ring(service) {
  const { OkCount, ErrorStatistics, FaultStatistics, TotalCount } = service.SummaryStatistics;
  const shares = [["fault", FaultStatistics.TotalCount], ["throttle", ErrorStatistics.ThrottleCount], ["error", ErrorStatistics.OtherCount], ["ok", OkCount]];
  const length = 2 * Math.PI * RADIUS, parts = [];
  let from = 0;
  if (!TotalCount) return [svg("circle", { r: RADIUS, class: "ring none" })];
  for (const [kind, count] of shares) {
    if (!count) continue;
    const part = count / TotalCount * length;
    parts.push(svg("circle", { r: RADIUS, class: "ring " + kind, "stroke-dasharray": `${part} ${length - part}`, "stroke-dashoffset": -from, transform: "rotate(-90)" }));
    from += part;
  }
  if (service.State === "unknown") parts.push(svg("circle", { r: RADIUS - 5, class: "ring none inferred", "stroke-width": 1 }));
  return parts;
}

function short(text, length) {
  return text.length > length ? text.slice(0, length - 1) + "…" : text;
}

function title(about, name) {
  const { TotalCount, TotalResponseTime, ErrorStatistics, FaultStatistics } = about.SummaryStatistics;
  const average = TotalCount ? ms(TotalResponseTime / TotalCount) : "–";
  return svg("title", {}, `${name}\n${TotalCount} in all, ${average} on average\n${ErrorStatistics.TotalCount} errors, ${FaultStatistics.TotalCount} faults`);
}

function node(service, x, y, prefix, room) {
  const name = service.Type === "client" ? "client" : service.Name.replace(prefix, "").replace(prefix.slice(0, -1) + "/", "api/");
  const { TotalCount, TotalResponseTime } = service.SummaryStatistics;
  const kind = service.Type === "client" ? "" : (service.Type ?? "").replace("AWS::", "");
  return svg("g", { transform: `translate(${x} ${y})` }, title(service, service.Name),
    svg("circle", { r: RADIUS, class: "disc" }), ...ring(service),
    svg("text", { class: "inside", y: 4 }, TotalCount ? ms(TotalResponseTime / TotalCount).replace(" ms", "") : "–"),
    svg("text", { class: "halo", y: RADIUS + 15 }, short(name, room)),
    svg("text", { class: "kind halo", y: RADIUS + 27 }, short(kind, room + 2)),
    svg("text", { class: "count halo", y: -RADIUS - 6 }, TotalCount + (TotalCount === 1 ? " call" : " calls")));
}

/** The map of `services`, as GetServiceGraph answers them. */
export function drawMap(services, prefix, width) {
  const { columns, back } = layers(services);
  untangle(columns);
  const across = width > 760, widest = Math.max(...columns.map((column) => column.length));
  const step = across ? Math.max(128, Math.min(190, (width - 60) / columns.length)) : 118;
  const lane = across ? 108 : Math.max(92, (width - 30) / Math.max(widest, 3));
  const long = columns.length * step;
  const at = new Map();
  columns.forEach((column, depth) => column.forEach((service, index) => {
    const along = (depth + 0.5) * step, beside = (index + 0.5 + (widest - column.length) / 2) * lane + 4;
    at.set(service.ReferenceId, across ? [along, beside] : [beside, along]);
  }));
  const [sizeX, sizeY] = across ? [long, widest * lane + 34] : [widest * lane + 8, long + 20];
  const edges = [];
  let detours = 0;
  for (const service of services) for (const edge of service.Edges) {
    const [x1, y1] = at.get(service.ReferenceId), [x2, y2] = at.get(edge.ReferenceId);
    const leadsBack = back.has(service.ReferenceId + ">" + edge.ReferenceId);
    const path = leadsBack ? around(at, columns, service, edge, across, step, lane, detours++) : curve(x1, y1, x2, y2, across);
    edges.push(svg("path", { d: path, class: "edge " + worst(edge.SummaryStatistics), "marker-end": "url(#arrow)" }, title(edge, "this call")));
  }
  const arrow = svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, svg("path", { d: "M0 0 8 4 0 8z" }));
  const nodes = services.map((service) => node(service, ...at.get(service.ReferenceId), prefix, Math.floor((across ? step : lane) / 6.2)));
  const picture = svg("svg", { width: sizeX, height: sizeY, viewBox: `0 -26 ${sizeX} ${sizeY}`, role: "img", "aria-label": "Service map" }, svg("defs", {}, arrow), ...edges, ...nodes);
  const frame = document.createElement("div");
  frame.className = "map";
  frame.append(picture);
  return frame;
}

/** From one circle's rim to the other's. */
function curve(x1, y1, x2, y2, across) {
  const [dx, dy] = across ? [x2 - x1, 0] : [0, y2 - y1];
  const angle = Math.atan2(y2 - y1, x2 - x1), rim = RADIUS + 4;
  const [sx, sy] = [x1 + Math.cos(angle) * rim, y1 + Math.sin(angle) * rim];
  const [ex, ey] = [x2 - Math.cos(angle) * rim, y2 - Math.sin(angle) * rim];
  return `M${sx} ${sy}C${sx + dx * 0.25} ${sy + dy * 0.25} ${ex - dx * 0.25} ${ey - dy * 0.25} ${ex} ${ey}`;
}

/** An edge that leads back goes around what lies between: out between two layers, along the side, and in again. */
function around(at, columns, service, edge, across, step, lane, number) {
  const turn = ([x, y]) => across ? [x, y] : [y, x];
  const [l1, w1] = turn(at.get(service.ReferenceId)), [l2, w2] = turn(at.get(edge.ReferenceId));
  const between = columns.flat().map((other) => turn(at.get(other.ReferenceId))).filter(([l]) => l <= l1 + 1 && l >= l2 - 1);
  const side = Math.max((across ? -20 : 4) + number * 7, Math.min(...between.map(([, w]) => w)) - lane * 0.5 - number * 7);
  const rim = RADIUS * 0.75, round = 12;
  const out = l1 - step / 2 + number * 7 - 4, back = l2 + step / 2 - number * 7 - 4;
  const p = (l, w) => turn([l, w]).join(" ");
  return `M${p(l1 - rim - 3, w1 - rim - 3)}C${p(out, w1 - rim - 6)} ${p(out, w1 - rim - 6)} ${p(out, w1 - rim - 26)}L${p(out, side + round)}Q${p(out, side)} ${p(out - round, side)}`
    + `L${p(back + round, side)}Q${p(back, side)} ${p(back, side + round)}L${p(back, w2 - rim - 26)}C${p(back, w2 - rim - 6)} ${p(back, w2 - rim - 6)} ${p(l2 + rim + 5, w2 - rim - 4)}`;
}
