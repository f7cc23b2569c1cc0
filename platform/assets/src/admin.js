/** The admin's pages: the same editor over its textareas, also in rows that the admin adds later; a question's form. */
import { startEditors } from "./editor.js";
import { startQuestionForms } from "./question-form.js";

const start = () => {
  startEditors(document);
  startQuestionForms(document);
};
// The admin loads form scripts in the head.
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
document.addEventListener("formset:added", (event) => startEditors(/** @type {HTMLElement} */ (event.target)));
