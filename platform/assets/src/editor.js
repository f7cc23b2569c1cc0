/** Puts CodeMirror over `<textarea data-editor>`; the textarea keeps the text, so forms post it as they would alone. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers,
  placeholder,
} from "@codemirror/view";
import { askFirst } from "./confirm.js";
import "./csp.js";
import { startDraft } from "./draft.js";
import { each } from "./dom.js";
import { language } from "./languages.js";
import { phrases } from "./phrases.js";
import { theme } from "./theme.js";
import { startUpload } from "./upload.js";

/** Mod-Enter presses the form's `[data-editor-run]` button. @param {HTMLTextAreaElement} area */
function runKey(area) {
  return {
    key: "Mod-Enter",
    run: () => {
      const button = area.form?.querySelector("[data-editor-run]");
      if (!(button instanceof HTMLElement)) return false;
      button.click();
      return true;
    },
  };
}

/** What a screen reader says of the editor: the textarea's own label, description and error.
 * @param {HTMLTextAreaElement} area */
function accessibleNames(area) {
  const label = area.getAttribute("aria-label") ?? area.labels?.[0]?.textContent?.trim() ?? area.name;
  // tabindex: also for tools that do not know that an editable element takes the focus.
  const names = { "aria-label": label, tabindex: "0" };
  for (const name of ["aria-describedby", "aria-invalid"]) {
    const value = area.getAttribute(name);
    if (value) names[name] = value;
  }
  return names;
}

/** @param {HTMLTextAreaElement} area @param {() => void} onChange */
function extensions(area, onChange) {
  const readOnly = area.readOnly || area.disabled;
  return [
    lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), drawSelection(),
    EditorState.allowMultipleSelections.of(true), EditorState.phrases.of(phrases), EditorState.tabSize.of(4),
    indentUnit.of("    "), indentOnInput(), bracketMatching(), closeBrackets(), autocompletion({ activateOnTyping: false }),
    highlightActiveLine(), highlightSelectionMatches(), search({ top: true }), language(area.dataset.language), theme,
    EditorState.readOnly.of(readOnly), EditorView.contentAttributes.of(accessibleNames(area)),
    area.placeholder ? placeholder(area.placeholder) : [],
    area.dataset.language === "python" ? [] : EditorView.lineWrapping,
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      area.value = update.state.doc.toString();
      area.dispatchEvent(new Event("rendu:edited"));
      onChange();
    }),
    // Tab indents; Escape then Tab leaves the editor (built into the view), so that the keyboard is never trapped.
    keymap.of([
      runKey(area), ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap,
      indentWithTab,
    ]),
  ];
}

/** Replaces the whole text as one step that Ctrl-Z takes back. @param {EditorView} view @param {string} source */
function replaceAll(view, source) {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: source }, selection: { anchor: 0 }, userEvent: "input.replace" });
}

/** The form's parts that belong to this editor: upload and reset. @param {HTMLTextAreaElement} area @param {EditorView} view */
function startTools(area, view) {
  const scope = area.form ?? document;
  const load = (source) => {
    replaceAll(view, source);
    view.focus();
  };
  each(scope, "input[data-editor-upload]", (input) => startUpload(input, load));
  const starter = scope.querySelector("template[data-starter]");
  if (!(starter instanceof HTMLTemplateElement)) return;
  each(scope, "[data-editor-reset]", (button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (await askFirst(button)) load(starter.content.textContent ?? "");
    });
  });
}

/** @param {HTMLTextAreaElement} area */
function mount(area) {
  if (area.closest(".empty-form")) return; // the admin clones this row; its copy gets an editor of its own
  let changed = () => {};
  const host = document.createElement("div");
  host.className = "code-editor";
  const view = new EditorView({
    state: EditorState.create({ doc: area.value, extensions: extensions(area, () => changed()) }),
    parent: host,
  });
  area.before(host);
  area.hidden = true;
  area.required = false; // the browser could not focus a hidden field to complain; the server still asks for it
  for (const label of area.labels ?? []) label.addEventListener("click", () => view.focus());
  changed = startDraft(area, { load: (source) => replaceAll(view, source) });
  if (!area.readOnly && !area.disabled) startTools(area, view);
}

/** @param {ParentNode} root */
export const startEditors = (root) => each(root, "textarea[data-editor]", mount);
