/** Questions before what cannot be undone, and forms that are sent once. */
import { text } from "./dom.js";

/** Asks the element's `data-confirm` in a dialog; true without one. @param {HTMLElement} element @returns {Promise<boolean>} */
export function askFirst(element) {
  const question = element.dataset.confirm;
  if (!question) return Promise.resolve(true);
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  const sentence = document.createElement("p");
  sentence.id = "confirm-question";
  sentence.textContent = question;
  dialog.setAttribute("aria-labelledby", sentence.id);
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "dialog-actions";
  form.append(
    choice("no", text(element, "no") || "Cancel", "button"),
    choice("yes", text(element, "yes") || "OK", element.hasAttribute("data-danger") ? "button danger" : "button primary"),
  );
  dialog.append(sentence, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

/** @param {string} value @param {string} label @param {string} className */
function choice(value, label, className) {
  const button = document.createElement("button");
  Object.assign(button, { value, className, textContent: label });
  return button;
}

/** Forms whose question was answered with yes: their next submit passes. @type {WeakSet<HTMLFormElement>} */
const agreed = new WeakSet();
/** Forms under way. @type {Map<HTMLFormElement, HTMLElement[]>} */
const sent = new Map();

/** @param {SubmitEvent} event */
async function onSubmit(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method === "dialog" || event.defaultPrevented) return;
  if (sent.has(form)) return event.preventDefault(); // a double click
  const asking = [event.submitter, form].find((element) => element instanceof HTMLElement && element.dataset.confirm);
  if (asking && !agreed.delete(form)) {
    event.preventDefault();
    if (!(await askFirst(/** @type {HTMLElement} */ (asking)))) return;
    agreed.add(form);
    return form.requestSubmit(event.submitter);
  }
  // A form that answers with a download leaves the page as it is: `data-repeat` lets it be sent again.
  if (form.method === "post" && !form.hasAttribute("data-repeat")) hold(form);
}

/** Disables the form's buttons, after the browser has read the pressed one's value. @param {HTMLFormElement} form */
function hold(form) {
  const buttons = [...form.elements].filter((element) => element.matches("button:not([type=button]), input[type=submit]"));
  sent.set(form, /** @type {HTMLElement[]} */ (buttons));
  setTimeout(() => {
    for (const button of buttons) {
      button.setAttribute("aria-disabled", "true");
      button.classList.add("sending");
    }
  });
}

/** The browser's Back button shows the page as it was left. */
function release() {
  for (const buttons of sent.values()) {
    for (const button of buttons) {
      button.removeAttribute("aria-disabled");
      button.classList.remove("sending");
    }
  }
  sent.clear();
}

export function startForms() {
  document.addEventListener("submit", onSubmit);
  window.addEventListener("pageshow", release);
}
