// @ts-check
// Durations, times, names and other texts as the page writes them.

/**
 * A duration with three digits.
 * @param {number} seconds
 */
export function duration(seconds) {
  const ms = seconds * 1000;
  if (ms >= 10_000) return (ms / 1000).toFixed(1) + " s";
  return ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2) + " ms";
}

/**
 * The local time of day, to the millisecond.
 * @param {number | string} time seconds since 1970, or RFC 3339
 */
export function timeOfDay(time) {
  const date = new Date(typeof time === "number" ? time * 1000 : time);
  return date.toTimeString().slice(0, 8) + "." + String(date.getMilliseconds()).padStart(3, "0");
}

/**
 * A time as an input of the type `datetime-local` has it.
 * @param {number} seconds
 */
export function localTime(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/**
 * What all names begin with, up to a hyphen: the reader knows it, so the page leaves it out.
 * @param {string[]} names
 */
export function commonPrefix(names) {
  if (names.length < 2) return "";
  const prefix = names.reduce((a, b) => {
    let length = 0;
    while (length < a.length && a[length] === b[length]) length += 1;
    return a.slice(0, length);
  });
  return prefix.slice(0, prefix.lastIndexOf("-") + 1);
}

/**
 * @param {string} name
 * @param {string} prefix
 */
export function withoutPrefix(name, prefix) {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/**
 * Names differ at their ends more than in their middle, so that is what goes.
 * @param {string} text
 * @param {number} length the most characters, the ellipsis included
 */
export function shorten(text, length) {
  if (text.length <= length) return text;
  const start = Math.ceil((length - 1) / 3);
  return text.slice(0, start) + "…" + text.slice(text.length - (length - 1 - start));
}

/**
 * A text in which nothing reverses what follows: the control characters of Unicode's bidirectional algorithm that
 * embed, override or isolate are written out. Letters of every script are shown as they are.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, (control) => `\u27e8U+${control.charCodeAt(0).toString(16).toUpperCase()}\u27e9`);
}
