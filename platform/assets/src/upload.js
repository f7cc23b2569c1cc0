/** Reads a chosen file into the editor. The rule for notebooks is the server's: code cells with text in order, a blank
 * line between them; what only Jupyter understands (`%magic`, `!shell`, `?help`) becomes a comment, and so does a whole
 * cell that a `%%magic` hands to another program. */
import { announce, text } from "./dom.js";

class NotANotebook extends Error {}

const LINE_MAGIC = /^(?=[ \t]*[%!?])/gm;
const PYTHON_CELL_MAGIC = /^%%(?:time|timeit|capture|prun|python3?)\b/; // the rest of these cells stays code

/** @param {string} source one cell's text */
function plainPython(source) {
  const stripped = source.trimStart();
  if (stripped.startsWith("%%") && !PYTHON_CELL_MAGIC.test(stripped)) {
    return source.split("\n").map((line) => `# ${line}`.trimEnd()).join("\n");
  }
  return source.replace(LINE_MAGIC, "# ");
}

/** @param {string} json a notebook file's text @returns {string} Python source */
export function notebookSource(json) {
  let cells;
  try {
    cells = JSON.parse(json).cells;
  } catch {
    throw new NotANotebook();
  }
  if (!Array.isArray(cells)) throw new NotANotebook();
  const sources = cells
    .filter((cell) => cell?.cell_type === "code")
    .map((cell) => (Array.isArray(cell.source) ? cell.source.join("") : String(cell.source ?? "")))
    .map((source) => plainPython(source.replace(/\r\n?/g, "\n")))
    .filter((source) => source.trim());
  if (!sources.length) throw new NotANotebook();
  return `${sources.map((source) => source.replace(/^\n+|\n+$/g, "")).join("\n\n")}\n`;
}

/** @param {File} file @param {number} limit bytes @returns {Promise<string>} */
async function read(file, limit) {
  const notebook = file.name.toLowerCase().endsWith(".ipynb");
  // A notebook carries its outputs; only its code counts against the limit.
  if (!notebook && file.size > limit) throw new RangeError();
  const content = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()).replace(/\r\n?/g, "\n");
  const source = notebook ? notebookSource(content) : content;
  if (new TextEncoder().encode(source).length > limit) throw new RangeError();
  return source;
}

/** Which of the page's sentences tells what went wrong. @param {unknown} error */
function complaint(error) {
  if (error instanceof RangeError) return "too-large";
  if (error instanceof NotANotebook) return "not-a-notebook";
  return "unreadable";
}

/** @param {HTMLInputElement} input @param {(source: string) => void} load */
export function startUpload(input, load) {
  const status = (input.form ?? document).querySelector("[data-upload-status]");
  const limit = Number(input.dataset.maxBytes ?? 262_144);
  input.addEventListener("change", async () => {
    const file = input.files?.[0];
    input.value = ""; // so that the same file can be chosen again after an edit, and the form does not post it
    if (!file) return;
    let outcome = "loaded";
    try {
      load(await read(file, limit));
    } catch (error) {
      outcome = complaint(error);
    }
    const sentence = text(status, outcome, { name: file.name });
    if (status) {
      status.textContent = sentence;
      status.setAttribute("data-state", outcome === "loaded" ? "loaded" : "error");
    }
    announce(sentence);
  });
}
