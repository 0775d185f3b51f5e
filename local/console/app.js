// The page: which view is shown, and keeping it up to date. What is drawn is drawn in map.js and trace.js.
import { drawMap } from "./map.js";
import { drawTrace } from "./trace.js";

const POLL = 1500;
const main = document.getElementById("main");
const live = document.getElementById("live");
const minutes = document.getElementById("minutes");
let shown = "";

/** Makes an element; texts become text nodes, so nothing in a trace is ever taken for markup. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

export const ms = (seconds) => {
  const value = seconds * 1000;
  if (value >= 10000) return (value / 1000).toFixed(1) + " s";
  return (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)) + " ms";
};
export const clock = (time) => {
  const date = new Date(typeof time === "number" ? time * 1000 : time);
  return date.toTimeString().slice(0, 8) + "." + String(date.getMilliseconds()).padStart(3, "0");
};
export const state = (about) => about.fault ? "fault" : about.throttle ? "throttle" : about.error ? "error" : about.partial ? "partial" : "ok";
export const dot = (kind) => el("span", { class: "dot " + kind, title: kind, role: "img", "aria-label": kind });

/** What all names of functions, tables and so on begin with; the reader knows it. */
function commonPrefix(names) {
  if (names.length < 2) return "";
  let prefix = names.reduce((a, b) => {
    let length = 0;
    while (length < a.length && a[length] === b[length]) length += 1;
    return a.slice(0, length);
  });
  return prefix.slice(0, prefix.lastIndexOf("-") + 1);
}

async function fetchJson(path) {
  const response = await fetch(path, { cache: "no-store" });
  if (!response.ok) throw new Error((await response.json()).message);
  return response.json();
}

function curlHint(api) {
  const line = `curl -X POST -H 'Content-Type: application/json' -d '{"productId": "12345", "quantity": 1}' ${api}/orders/customer123`;
  return el("div", { class: "hint" }, "Nothing has happened yet. Place an order:", el("pre", {}, line));
}

function traceTable(data) {
  const rows = data.traces.map((trace) => {
    const open = () => { location.hash = "trace/" + trace.id; };
    const http = trace.http ?? {};
    const request = [http.HttpMethod, (http.HttpURL ?? trace.name ?? "").replace(/^https?:\/\/[^/]+/, "")].filter(Boolean).join(" ");
    return el("tr", { class: "open", onclick: open },
      el("td", {}, dot(state(trace))),
      el("td", { class: "time" }, el("a", { href: "#trace/" + trace.id }, clock(trace.start))),
      el("td", { class: "number" }, ms(trace.duration)),
      el("td", { class: "wide" }, request, http.HttpStatus ? el("span", { class: "soft" }, "  → " + http.HttpStatus) : null),
      el("td", { class: "wide" }, trace.order ?? "", trace.outcome ? el("span", { class: "soft" }, "  " + trace.outcome) : null),
      el("td", { class: "number wide" }, el("span", { class: "soft" }, ms(trace.responseTime) + " answered")));
  });
  return el("table", { class: "stack" },
    el("thead", {}, el("tr", {}, el("th"), el("th", {}, "Began"), el("th", { class: "number" }, "In all"), el("th", {}, "Request"), el("th", {}, "Order"), el("th", { class: "number" }, "Answer"))),
    el("tbody", {}, rows));
}

function legend() {
  return el("span", { class: "legend" }, ["ok", "error", "throttle", "fault"].map((kind) =>
    el("span", {}, dot(kind), { ok: "OK", error: "error (4xx)", throttle: "throttled (429)", fault: "fault (5xx)" }[kind])),
    el("span", {}, "number: milliseconds on average; dashed ring: seen by its callers only"));
}

function overview(data) {
  const empty = data.traces.length === 0;
  return [
    el("section", { id: "map" }, el("h2", {}, "Service map", legend()), empty ? curlHint(data.api) : drawMap(data.services, data.prefix, main.clientWidth)),
    el("section", { id: "traces" }, el("h2", {}, "Traces", el("small", {}, `${data.traceCount} in this time, newest first`)), empty ? el("p", { class: "hint" }, "None.") : traceTable(data)),
    notifications(data, 5),
    deadLetters(data, 5),
  ];
}

function more(list, most, hash) {
  return list.length > most ? el("p", {}, el("a", { href: "#" + hash }, `all ${list.length}`)) : null;
}

function traceLink(id) {
  return id ? el("a", { href: "#trace/" + id }, "trace") : el("span", { class: "soft" }, "no trace");
}

function notifications(data, most) {
  const rows = data.notifications.slice(0, most).map((sent) => el("tr", {},
    el("td", { class: "time" }, clock(sent.time)),
    el("td", { class: "wide" }, el("b", {}, sent.subject), el("br"), sent.message),
    el("td", { class: "number" }, traceLink(sent.trace_id))));
  return el("section", { id: "notifications" }, el("h2", {}, "Notifications", el("small", {}, "what the topic was told, newest first")),
    rows.length ? el("table", { class: "stack" }, el("tbody", {}, rows)) : el("p", { class: "hint" }, "None."), more(data.notifications, most, "notifications"));
}

function deadLetters(data, most) {
  const rows = data.deadLetters.slice(0, most).map((letter) => el("tr", {},
    el("td", { class: "time" }, clock(letter.time)),
    el("td", { class: "wide" }, el("b", {}, letter.queue.replace(data.prefix, "")), " ", el("span", { class: "exception" }, letter.reason),
      el("details", { "data-key": letter.id }, el("summary", {}, "message"), el("pre", { class: "body" }, JSON.stringify({ attributes: letter.attributes, body: letter.body }, null, 2)))),
    el("td", { class: "number" }, traceLink(letter.trace_id))));
  return el("section", { id: "dead-letters" }, el("h2", {}, "Dead letters", el("small", {}, "what could not be delivered or handled, newest first")),
    rows.length ? el("table", { class: "stack" }, el("tbody", {}, rows)) : el("p", { class: "hint" }, "None."), more(data.deadLetters, most, "dead-letters"));
}

/** Replaces the view, keeping what the reader opened and where they were. */
function show(content) {
  const open = new Set([...main.querySelectorAll("details[open]")].map((details) => details.dataset.key));
  const sideways = [...main.querySelectorAll(".map")].map((map) => map.scrollLeft);
  const y = window.scrollY;
  main.replaceChildren(...content.filter(Boolean));
  for (const details of main.querySelectorAll("details")) details.open = open.has(details.dataset.key);
  main.querySelectorAll(".map").forEach((map, index) => { map.scrollLeft = sideways[index] ?? 0; });
  window.scrollTo(0, y);
}

async function refresh(force = false) {
  const hash = location.hash.slice(1);
  try {
    const data = await fetchJson("/console/state?minutes=" + minutes.value);
    const trace = hash.startsWith("trace/") ? await fetchJson("/console/traces/" + hash.slice(6)) : null;
    live.textContent = "live"; live.className = "";
    const now = JSON.stringify([hash, data, trace, main.clientWidth]);
    if (now === shown && !force) return;
    shown = now;
    data.prefix = commonPrefix(data.functions);
    document.getElementById("notification-count").textContent = data.notificationCount || "";
    document.getElementById("dead-letter-count").textContent = data.deadLetterCount || "";
    if (trace) show(drawTrace(trace, data.prefix, main.clientWidth));
    else if (hash === "notifications") show([notifications(data, Infinity)]);
    else if (hash === "dead-letters") show([deadLetters(data, Infinity)]);
    else if (hash === "traces") show([overview(data)[1]]);
    else show(overview(data));
  } catch (error) {
    live.textContent = error instanceof TypeError ? "connection lost" : error.message; live.className = "lost";
  }
}

minutes.addEventListener("change", () => refresh(true));
window.addEventListener("hashchange", () => { window.scrollTo(0, 0); refresh(true); });
window.addEventListener("resize", () => refresh());
(async function poll() {
  const began = performance.now();
  if (!document.hidden) await refresh();
  // Many traces take longer to draw; the page takes a fifth of the time at most.
  setTimeout(poll, Math.max(POLL, 5 * (performance.now() - began)));
})();
