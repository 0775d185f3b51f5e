// @ts-check
// The keys of the page: / searches; in a waterfall, arrows move and open, f folds, e goes to the next failure.

/**
 * @param {KeyboardEvent} event
 * @param {HTMLInputElement} search
 */
export function pressed(event, search) {
  const { key, target } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || !(target instanceof Element) || target.closest("input, select, textarea")) return;
  if (key === "/") search.focus();
  else if (key === "e") toFailure(target);
  else if (!inWaterfall(key, target)) return;
  event.preventDefault();
}

/**
 * The next failure after where the reader is, else the first one.
 * @param {Element} from
 */
export function toFailure(from) {
  const failed = [...document.querySelectorAll(".waterfall details[data-failed]")];
  const next = failed.find((each) => from.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING && !each.contains(from));
  const summary = (next ?? failed[0])?.querySelector("summary");
  summary?.focus({ preventScroll: true });
  summary?.scrollIntoView({ block: "center" });
}

/**
 * @param {string} key
 * @param {Element} target
 */
function inWaterfall(key, target) {
  const row = target.closest(".waterfall .row"), details = row?.querySelector("details");
  if (!row || !details) return false;
  const fold = row.querySelector("button");
  if (key === "ArrowDown" || key === "ArrowUp") {
    const beside = key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    beside?.querySelector("summary")?.focus();
  } else if (key === "ArrowRight") {
    if (fold?.getAttribute("aria-expanded") === "false") fold.click();
    else details.open = true;
  } else if (key === "ArrowLeft") {
    if (details.open) details.open = false;
    else if (fold?.getAttribute("aria-expanded") === "true") fold.click();
  } else if (key === "f") fold?.click();
  else return false;
  return true;
}
