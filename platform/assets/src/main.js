/** Everything the site's pages use. Each part looks for its own attributes; a page without them runs nothing. */
import { startForms } from "./confirm.js";
import { startDiff } from "./diff.js";
import { each } from "./dom.js";
import { startEditors } from "./editor.js";
import { startPlot } from "./plot.js";
import { startPoll } from "./poll.js";
import { startPrompt } from "./prompt.js";
import { startQuiz } from "./quiz.js";
import { startColumn, startCopy, startMenus, startScroller } from "./small.js";

/** @param {ParentNode} root the document, or a fragment that just arrived */
function start(root) {
  startEditors(root);
  each(root, "[data-plot]", startPlot);
  each(root, "[data-merge]", startDiff);
  each(root, "[data-copy]", startCopy);
  each(root, "[data-enter-down]", startColumn);
  each(root, "pre, .scroll, .math, .prose table, .diff dd", startScroller);
  each(root, "[data-prompt-count]", startPrompt);
  each(root, "[data-quiz]", startQuiz);
  each(root, "[data-poll-url]", (element) => startPoll(element, start));
}

startForms();
startMenus();
start(document);
