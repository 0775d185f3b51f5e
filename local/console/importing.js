// @ts-check
// The button that opens a file of traces. Files that are dropped on the page are taken as well.
import { byId, el } from "./dom.js";

const input = byId("import", HTMLInputElement);

export function importButton() {
  return el("button", { type: "button", class: "link", "data-imports": true, title: "a file of X-Ray segments, such as an exported trace; it can also be dropped on this page" }, "import a trace");
}

export function chooseFiles() {
  input.click();
}

/**
 * Calls `take` with the files that the reader chooses.
 * @param {(files: File[]) => void} take
 */
export function onFilesChosen(take) {
  input.addEventListener("change", () => {
    take([...input.files ?? []]);
    // The same file may be chosen again.
    input.value = "";
  });
}
