/** The size of a prompt while it is written: characters exactly, tokens as an estimate. The limit is one of tokens, or of
 * characters where `data-unit` says so. */
import { text } from "./dom.js";

const CHARACTERS_A_TOKEN = 4; // as on the server

/** @param {HTMLElement} line `[data-prompt-count]` in the editor's form */
export function startPrompt(line) {
  const area = line.closest("form")?.querySelector("textarea[data-editor]");
  const size = line.querySelector("[data-prompt-size]");
  const warning = line.querySelector("[data-prompt-warning]");
  if (!(area instanceof HTMLTextAreaElement) || !size || !warning) return;
  const placeholder = line.dataset.placeholder ?? "";
  const limit = Number(line.dataset.most);
  const inCharacters = line.dataset.unit === "characters"; // those at the ends are left out, as the grader does

  function show() {
    // Code points, as Python counts them.
    const characters = [...(inCharacters ? area.value.trim() : area.value)].length;
    const tokens = Math.ceil([...area.value.replaceAll(placeholder, "")].length / CHARACTERS_A_TOKEN);
    size.textContent = text(line, "size", { characters: String(characters), tokens: String(tokens), limit: String(limit) });
    const missing = area.value.trim() !== "" && !area.value.includes(placeholder);
    const counted = inCharacters ? characters : tokens;
    const said = missing ? text(line, "missing", { placeholder }) : counted > limit ? text(line, "long") : "";
    if (warning.textContent !== said) warning.textContent = said; // a screen reader speaks at each change
  }

  area.addEventListener("rendu:edited", show);
  show();
}
