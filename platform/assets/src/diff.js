/** Compares two sources in `[data-merge]`: side by side where there is room, else one below the other. */
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import "./csp.js";
import { language } from "./languages.js";
import { phrases } from "./phrases.js";
import { mergeTheme, theme } from "./theme.js";

const collapseUnchanged = { margin: 3, minSize: 6 };

/** @param {HTMLElement} element @param {string} side "a" or "b" */
function source(element, side) {
  const part = element.querySelector(`template[data-${side}], script[data-${side}]`);
  return (part instanceof HTMLTemplateElement ? part.content.textContent : part?.textContent) ?? "";
}

/** @param {HTMLElement} element */
export function startDiff(element) {
  const [a, b] = [source(element, "a"), source(element, "b")];
  const shared = (label) => [
    lineNumbers(), EditorState.readOnly.of(true), EditorState.phrases.of(phrases), language(element.dataset.language ?? "python"),
    theme, mergeTheme, EditorView.lineWrapping, EditorView.contentAttributes.of({ "aria-label": label ?? "", tabindex: "0" }),
  ];
  const host = document.createElement("div");
  host.className = "diff-editor";
  element.append(host);
  for (const fallback of element.querySelectorAll("[data-merge-fallback]")) fallback.hidden = true;
  const roomy = matchMedia("(min-width: 52rem)");
  let view = null;
  const draw = () => {
    view?.destroy();
    view = roomy.matches
      ? new MergeView({
          a: { doc: a, extensions: shared(element.dataset.labelA) },
          b: { doc: b, extensions: shared(element.dataset.labelB) },
          parent: host, collapseUnchanged, gutter: true,
        })
      : new EditorView({
          doc: b, parent: host,
          extensions: [
            shared(element.dataset.labelB),
            unifiedMergeView({ original: a, mergeControls: false, collapseUnchanged, gutter: true }),
          ],
        });
  };
  draw();
  roomy.addEventListener("change", draw);
}
