/** The form of a question in the admin: rows added and moved, pictures sent and put into texts. Without it the same
 * buttons send the form, and the page comes back with what they do. */
import { announce, csrfToken, each, text } from "./dom.js";

/** Numbers the rows as they stand: legends, and the places that the server sorts by. @param {Element} list */
function renumber(list) {
  [...list.children].forEach((row, index) => {
    const number = row.querySelector("[data-q-number]");
    if (number) number.textContent = String(index + 1);
    const place = row.querySelector("[data-q-place] input");
    if (place instanceof HTMLInputElement) place.value = String(index + 1);
  });
}

/** @param {Element} row */
function startRow(row) {
  const place = row.querySelector("[data-q-place]");
  if (place instanceof HTMLElement) place.hidden = true;
  each(row, "[data-q-move]", (button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const list = row.parentElement;
      const down = button.dataset.qMove === "1";
      const other = down ? row.nextElementSibling : row.previousElementSibling;
      if (!list || !other) return;
      if (down) other.after(row);
      else other.before(row);
      renumber(list);
      button.focus();
      announce(row.querySelector("legend")?.textContent ?? "");
    });
  });
}

let added = 0;

/** @param {HTMLElement} section */
function startList(section) {
  const list = section.querySelector("[data-q-rows]");
  const template = section.querySelector("template");
  if (!list) return;
  for (const row of list.children) startRow(row);
  each(section, "[data-q-add]", (button) => button.addEventListener("click", (event) => {
    if (!template) return;
    event.preventDefault();
    added += 1;
    const before = list.children.length;
    list.append(template.content.cloneNode(true));
    const row = list.children[before];
    // Names, ids and what points to them: each new row has its own.
    for (const element of row.querySelectorAll("*")) {
      for (const name of ["name", "id", "for", "aria-describedby"]) {
        const value = element.getAttribute(name);
        if (value) element.setAttribute(name, value.replace(/(^|[.-])new(?=[.-]|$)/g, `$1new${added}`));
      }
      if (element instanceof HTMLInputElement && element.value === "new") element.value = `new${added}`;
    }
    startRow(row);
    renumber(list);
    const first = row.querySelector("fieldset > .q-both textarea") ?? row.querySelector("input[type=text]");
    if (first instanceof HTMLElement) first.focus();
  }));
}

/** The text that had the caret last: a picture's mark goes there. @type {HTMLTextAreaElement|null} */
let last = null;

/** @param {string} mark */
function insert(mark) {
  const area = last?.isConnected ? last : document.querySelector("textarea[data-q-text]");
  if (!(area instanceof HTMLTextAreaElement)) return;
  const { selectionStart: from, selectionEnd: to, value } = area;
  const gap = from && !/\s$/.test(value.slice(0, from)) ? " " : "";
  area.focus();
  area.setRangeText(gap + mark, from, to, "end");
}

/** The mark with what is said of the picture, when it says nothing yet. @param {string} mark */
function described(mark) {
  const words = document.querySelector("[name=picture_words]");
  const said = words instanceof HTMLInputElement ? words.value.replace(/\[/g, "(").replace(/\]/g, ")").trim() : "";
  return mark.startsWith("![](") ? `![${said}${mark.slice(2)}` : mark;
}

/** @param {Element} item */
function startPicture(item) {
  const mark = item.querySelector("[data-q-mark]");
  each(item, "[data-q-insert]", (button) => {
    button.hidden = !document.querySelector("textarea[data-q-text]");
    button.addEventListener("click", () => mark instanceof HTMLInputElement && insert(described(mark.value)));
  });
  if (mark instanceof HTMLInputElement) mark.addEventListener("focus", () => mark.select());
}

/** @param {HTMLElement} box */
function startPictures(box) {
  const shelf = box.querySelector("[data-q-shelf]");
  const template = box.querySelector("template");
  const fault = box.querySelector("[data-q-fault]");
  const file = box.querySelector("input[type=file]");
  const words = box.querySelector("[name=picture_words]");
  if (!shelf || !template || !(fault instanceof HTMLElement) || !(file instanceof HTMLInputElement)) return;
  for (const item of shelf.children) startPicture(item);
  const complain = (sentence) => {
    fault.textContent = sentence;
    fault.hidden = !sentence;
  };
  each(box, "[data-q-upload]", (button) => button.addEventListener("click", async (event) => {
    event.preventDefault();
    const chosen = document.querySelector("select[name=course]");
    const course = box.dataset.course || (chosen instanceof HTMLSelectElement ? chosen.value : "");
    if (!course) return complain(text(box, "choose"));
    const body = new FormData();
    body.set("course", course);
    if (file.files?.[0]) body.set("picture", file.files[0]);
    if (words instanceof HTMLInputElement) body.set("picture_words", words.value);
    button.disabled = true;
    try {
      const response = await fetch(box.dataset.url ?? "", { method: "POST", body, headers: { "X-CSRFToken": csrfToken() } });
      const told = await response.json();
      if (!response.ok) return complain(told.detail);
      complain("");
      shelf.prepend(template.content.cloneNode(true));
      const item = shelf.children[0];
      item.querySelector("img")?.setAttribute("src", told.url);
      const mark = item.querySelector("[data-q-mark]");
      if (mark instanceof HTMLInputElement) mark.value = told.mark;
      startPicture(item);
      file.value = "";
      if (words instanceof HTMLInputElement) words.value = "";
      insert(told.mark);
      announce(text(box, "added"));
    } catch {
      complain(text(box, "failed"));
    } finally {
      button.disabled = false;
    }
  }));
}

/** @param {ParentNode} root */
export function startQuestionForms(root) {
  each(root, "[data-q-list]", startList);
  each(root, "[data-q-pictures]", startPictures);
  each(root, "[data-q-editor]", (editor) => editor.addEventListener("focusin", (event) => {
    if (event.target instanceof HTMLTextAreaElement && event.target.matches("[data-q-text]")) last = event.target;
  }));
}
