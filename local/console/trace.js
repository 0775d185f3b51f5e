// One trace: its map, its waterfall, the events that it told, its log lines.
import { clock, dot, el, ms, state } from "./app.js";
import { drawMap } from "./map.js";

/** The rows in the order of the tree. Inferred segments repeat their call, so what hangs from them hangs from it. */
function rows(nodes) {
  const parentOf = (node) => {
    let parent = node.parent;
    while (parent !== null && nodes[parent].kind === "inferred") parent = nodes[parent].parent;
    return parent;
  };
  const children = new Map(), tops = [];
  nodes.forEach((node, index) => {
    if (node.kind === "inferred") return;
    const parent = parentOf(node);
    if (parent === null) tops.push(index);
    else (children.get(parent) ?? children.set(parent, []).get(parent)).push(index);
  });
  const found = [], byTime = (a, b) => nodes[b].start - nodes[a].start;
  const open = tops.sort(byTime).map((index) => [index, 0]);
  while (open.length) {
    const [index, depth] = open.pop();
    found.push([nodes[index], depth]);
    open.push(...(children.get(index) ?? []).sort(byTime).map((child) => [child, depth + 1]));
  }
  return found;
}

function label(node, prefix) {
  const name = (node.name ?? "").replace(prefix, "");
  if (node.kind === "segment") return `${name} · ${(node.origin ?? "segment").replace("AWS::", "")}`;
  const aws = node.aws ?? {};
  if (node.namespace === "aws") return [name, aws.operation, (aws.table_name ?? "").replace(prefix, "")].filter(Boolean).join(" · ");
  return name;
}

function facts(node) {
  const list = el("dl", { class: "facts" });
  const add = (name, value) => list.append(el("dt", {}, name), el("dd", {}, typeof value === "object" ? JSON.stringify(value, null, 1) : String(value)));
  const group = (name, values) => {
    if (!values || !Object.keys(values).length) return;
    list.append(el("dt", { class: "group" }, name));
    for (const [key, value] of Object.entries(values)) add(key, value);
  };
  add("id", node.id);
  add("began", clock(node.start));
  if (node.orphaned) add("missing", "the segment that it hangs from has not come");
  for (const exception of node.cause?.exceptions ?? []) {
    list.append(el("dt", { class: "exception" }, exception.type ?? "exception"), el("dd", { class: "exception" }, exception.message ?? ""));
  }
  group("annotations", node.annotations);
  group("metadata", node.metadata);
  group("http", { ...node.http?.request, ...node.http?.response });
  group("aws", node.aws);
  return list;
}

function waterfall(trace, prefix, width) {
  const whole = Math.max(trace.duration, 1e-6), indent = width > 640 ? 10 : 4;
  return el("div", { class: "waterfall" }, rows(trace.nodes).map(([node, depth]) => {
    const end = node.end ?? trace.start + whole;
    const wait = node.name === "Dwell Time" ? " wait" : "";
    const bar = el("div", { class: `span ${node.kind} ${node.namespace ?? ""} ${state(node)}${wait}` });
    bar.style.left = Math.min(99.5, Math.max(0, (node.start - trace.start) / whole * 100)) + "%";
    bar.style.width = Math.max(0, (end - node.start) / whole * 100) + "%";
    const text = label(node, prefix);
    const name = el("span", { class: "label " + node.kind, title: text }, node.fault || node.error ? dot(state(node)) : null, text);
    name.style.paddingLeft = depth * indent + "px";
    return el("details", { "data-key": node.id }, el("summary", {}, name, el("span", { class: "track" }, bar),
      el("span", { class: "took" }, node.end ? ms(end - node.start) : "running")), facts(node));
  }));
}

/** The view of one trace. */
export function drawTrace(trace, prefix, width) {
  const logs = trace.logs.map((line) => el("tr", {},
    el("td", { class: "time mono" }, clock(line.time)),
    el("td", { class: "mono time" }, line.function.replace(prefix, "")),
    el("td", { class: "mono wide" }, el("span", { class: "level" + line.level }, line.level), ` ${line.message} `, el("span", { class: "soft" }, line.fields))));
  const events = trace.events.map((passed) => el("tr", {},
    el("td", { class: "wide" }, el("b", {}, passed.event["detail-type"]), el("span", { class: "soft" }, ` from ${passed.event.source} → ${passed.rules.join(", ") || "no rule"}`),
      el("details", { "data-key": passed.event.id }, el("summary", {}, "event"), el("pre", { class: "body" }, JSON.stringify(passed.event, null, 2))))));
  return [
    el("section", {}, el("h2", {}, "Trace ", el("span", { class: "mono" }, trace.id),
      el("small", {}, `began ${clock(trace.start)}, took ${ms(trace.duration)}, ${trace.nodes.filter((node) => node.kind !== "inferred").length} parts` + (trace.partial ? ", still going on" : "") + (trace.limitExceeded ? ", too large: parts are missing" : "")),
      el("a", { href: "#" }, "back to the map")), drawMap(trace.services, prefix, width)),
    el("section", {}, el("h2", {}, "Waterfall", el("small", {}, "open a line to see what it says")), waterfall(trace, prefix, width)),
    el("section", {}, el("h2", {}, "Events", el("small", {}, "in the order in which the bus took them")), events.length ? el("table", {}, el("tbody", {}, events)) : el("p", { class: "hint" }, "None.")),
    el("section", {}, el("h2", {}, "Log lines"), logs.length ? el("table", { class: "stack" }, el("tbody", {}, logs)) : el("p", { class: "hint" }, "None.")),
  ];
}
