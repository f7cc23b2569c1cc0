/** The admin's pages: the same editor over its textareas, also in rows that the admin adds later. */
import { startEditors } from "./editor.js";

const start = () => startEditors(document);
// The admin loads form scripts in the head.
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
// An empty row's template is a part of the page: its editor would be copied with the row, so it waits until it is real.
document.addEventListener("formset:added", (event) => startEditors(/** @type {HTMLElement} */ (event.target)));
