/** The editor's look, from the page's tokens: one theme that follows light and dark by itself. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--paper)", height: "100%", fontSize: "0.92rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overflow: "auto" },
  ".cm-content": { padding: "14px 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 16px 0 10px" },
  ".cm-cursor, .cm-dropCursor": { borderLeft: "2px solid var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--muted)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 8px 0 14px", minWidth: "44px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--line)" },
  "&.cm-focused .cm-activeLineGutter": { backgroundColor: "var(--line)", color: "var(--text)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    background: "var(--selection)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--amber-soft)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--green-soft)", outline: "1px solid var(--green)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--red-soft)", outline: "1px solid var(--red)" },
  ".cm-searchMatch": { backgroundColor: "var(--amber-soft)", outline: "1px solid var(--amber)" },
  ".cm-searchMatch.cm-searchMatch-selected": { backgroundColor: "var(--selection)" },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-panels": { backgroundColor: "var(--sheet)", color: "var(--text)", fontFamily: "var(--sans)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--rule)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--rule)" },
  ".cm-panel.cm-search": { padding: "8px 36px 8px 12px" },
  ".cm-panel.cm-search label": { fontSize: "0.85rem", whiteSpace: "nowrap" },
  ".cm-panel.cm-search [name=close]": { fontSize: "1.3rem", minWidth: "28px", minHeight: "28px", color: "var(--text)" },
  ".cm-textfield": {
    backgroundColor: "var(--sheet)", color: "var(--text)", border: "1px solid var(--edge)", borderRadius: "6px",
    fontSize: "0.9rem", padding: "4px 8px",
  },
  ".cm-button": {
    backgroundImage: "none", backgroundColor: "var(--sheet)", color: "var(--text)", border: "1px solid var(--edge)",
    borderRadius: "6px", fontSize: "0.85rem", padding: "4px 10px",
  },
  ".cm-tooltip": { backgroundColor: "var(--sheet)", color: "var(--text)", border: "1px solid var(--edge)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--ink)", color: "var(--on-ink)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--ink-soft)", color: "var(--ink)", border: "none" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--code-keyword)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], color: "var(--code-name)" },
  { tag: [tags.meta, tags.className, tags.standard(tags.variableName), tags.typeName], color: "var(--code-name)" },
  { tag: tags.heading, color: "var(--code-keyword)", fontWeight: "600" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strong, fontWeight: "600" },
  { tag: [tags.link, tags.url], color: "var(--ink)" },
  { tag: tags.monospace, color: "var(--code-string)" },
  { tag: tags.invalid, color: "var(--red)" },
]);

export const theme = [look, syntaxHighlighting(colours)];

/** The same for comparisons: what was taken away and what was added. */
export const mergeTheme = EditorView.theme({
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--red-soft)" },
  "&.cm-merge-b .cm-changedLine, .cm-inlineChangedLine": { backgroundColor: "var(--green-soft)" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": {
    background: "none", textDecoration: "underline 2px var(--red)",
  },
  "&.cm-merge-b .cm-changedText": { background: "none", textDecoration: "underline 2px var(--green)" },
  "&.cm-merge-a .cm-changedLineGutter, .cm-deletedLineGutter": { background: "var(--red)" },
  "&.cm-merge-b .cm-changedLineGutter": { background: "var(--green)" },
  ".cm-collapsedLines": {
    background: "var(--ink-soft)", color: "var(--ink)", fontFamily: "var(--sans)", padding: "4px 12px",
  },
});
