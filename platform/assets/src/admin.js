/** The admin's pages: the same editor over its textareas, also in rows that the admin adds later. */
import { startEditors } from "./editor.js";

const start = () => startEditors(document);
// The admin loads form scripts in the head.
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
document.addEventListener("formset:added", (event) => startEditors(/** @type {HTMLElement} */ (event.target)));
