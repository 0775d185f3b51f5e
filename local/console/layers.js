// @ts-check
// The layers of the service map, and the order within each.
/** @import { Edge, Service } from "./types.d.ts" */

/**
 * What takes a place in a layer: a node, or where an edge passes that leads to a later layer.
 * @typedef {object} Item
 * @property {string} name
 * @property {Service | null} service
 * @property {Item[]} before what leads here, of the layer before
 * @property {Item[]} after where it leads, of the layer after
 */

/**
 * The layers in their order, and for each edge the items that it passes, its ends included; of one that leads back only its ends.
 * @typedef {{ columns: Item[][], routes: { caller: Service, callee: Service, edge: Edge, back: boolean, items: Item[] }[] }} Layers
 */

/**
 * @param {Service[]} services
 * @param {(item: Item) => number} size how much room an item takes in its layer
 * @returns {Layers}
 */
export function layersOf(services, size) {
  const byId = new Map(services.map((service) => [service.ReferenceId, service]));
  const back = backEdges(services, byId);
  const depth = depths(services, byId, back);
  /** @type {Item[][]} */
  const columns = Array.from({ length: services.length ? Math.max(...depth.values()) + 1 : 0 }, () => []);
  /** @type {(column: number, name: string, service: Service | null) => Item} */
  const add = (column, name, service) => {
    const item = { name, service, before: [], after: [] };
    columns[column]?.push(item);
    return item;
  };
  const items = new Map(services.map((service) => [service, add(depth.get(service) ?? 0, service.Name + (service.Type ?? ""), service)]));
  const routes = services.flatMap((caller) => caller.Edges.flatMap((edge) => {
    const callee = byId.get(edge.ReferenceId), from = items.get(caller), to = callee && items.get(callee);
    if (!callee || !from || !to) return [];
    if (back.has(edge)) return [{ caller, callee, edge, back: true, items: [from, to] }];
    const first = (depth.get(caller) ?? 0) + 1, last = depth.get(callee) ?? 0;
    const between = Array.from({ length: last - first }, (_, at) => add(first + at, `${from.name} > ${to.name}`, null));
    const passed = [from, ...between, to];
    passed.forEach((item, at) => {
      item.before.push(...passed.slice(Math.max(0, at - 1), at));
      item.after.push(...passed.slice(at + 1, at + 2));
    });
    return [{ caller, callee, edge, back: false, items: passed }];
  }));
  untangle(columns, size);
  return { columns, routes };
}

/**
 * The edges that lead back to a node that leads to them.
 * @param {Service[]} services
 * @param {Map<number, Service>} byId
 */
function backEdges(services, byId) {
  /** @type {Set<Edge>} */
  const back = new Set();
  /** @type {Set<Service>} */
  const done = new Set();
  /** @type {Set<Service>} */
  const open = new Set();
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
  };
  const clients = services.filter((service) => service.Type === "client");
  for (const service of [...clients, ...services]) if (!done.has(service)) visit(service);
  return back;
}

/**
 * Each node's layer is one more than its farthest caller's.
 * @param {Service[]} services
 * @param {Map<number, Service>} byId
 * @param {Set<Edge>} back
 */
function depths(services, byId, back) {
  const depth = new Map(services.map((service) => [service, 0]));
  const waiting = new Map(services.map((service) => [service, 0]));
  const forward = (/** @type {Service} */ service) => service.Edges.flatMap((edge) => {
    const callee = back.has(edge) ? undefined : byId.get(edge.ReferenceId);
    return callee ? [callee] : [];
  });
  for (const service of services) for (const callee of forward(service)) waiting.set(callee, (waiting.get(callee) ?? 0) + 1);
  const ready = services.filter((service) => !waiting.get(service));
  for (let service = ready.pop(); service; service = ready.pop()) for (const callee of forward(service)) {
    depth.set(callee, Math.max(depth.get(callee) ?? 0, (depth.get(service) ?? 0) + 1));
    waiting.set(callee, (waiting.get(callee) ?? 0) - 1);
    if (!waiting.get(callee)) ready.push(callee);
  }
  return depth;
}

/**
 * Orders each layer by where its neighbours stand, so that few edges cross.
 * @param {Item[][]} columns
 * @param {(item: Item) => number} size
 */
function untangle(columns, size) {
  /** @type {Map<Item, number>} */
  const place = new Map();
  const settle = (/** @type {Item[]} */ column) => centred(column, size).forEach(({ item, at }) => place.set(item, at));
  for (const column of columns) {
    column.sort(byName);
    settle(column);
  }
  for (let round = 0; round < 12; round += 1) {
    const onward = round % 2 === 0;
    for (const column of onward ? columns : columns.toReversed()) {
      const weight = new Map(column.map((item) => {
        const neighbours = onward ? item.before : item.after;
        const places = (neighbours.length ? neighbours : [item]).map((each) => place.get(each) ?? 0);
        return [item, places.reduce((a, b) => a + b) / places.length];
      }));
      column.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0) || byName(a, b));
      settle(column);
    }
  }
}

/**
 * The middles of the items of a layer, one beside the other, around 0.
 * @param {Item[]} column
 * @param {(item: Item) => number} size
 */
export function centred(column, size) {
  let end = -column.reduce((sum, item) => sum + size(item), 0) / 2;
  return column.map((item) => {
    end += size(item);
    return { item, at: end - size(item) / 2 };
  });
}

/**
 * @param {Item} a
 * @param {Item} b
 */
function byName(a, b) {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
