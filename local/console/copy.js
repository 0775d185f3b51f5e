// @ts-check
// Buttons that copy what is beside them.
import { el } from "./dom.js";

/** @param {string} text */
export function copyButton(text) {
  return el("button", { type: "button", class: "link", "data-copies": text, "aria-label": "copy " + text }, "copy");
}

/**
 * Copies what a button says, and says so on it for a moment.
 * @param {Element} button
 */
export async function copy(button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(button.getAttribute("data-copies") ?? "");
    button.textContent = "copied";
  } catch {
    button.textContent = "the browser refuses";
  }
  setTimeout(() => { button.textContent = label; }, 1200);
}
