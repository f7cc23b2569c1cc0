/** A question's response, read from and written to its controls: the forms of `quizzes.questions`. */

/** @param {HTMLElement} question @param {string} selector @returns {any[]} */
const all = (question, selector) => [...question.querySelectorAll(selector)];

/** @type {Record<string, (question: HTMLElement) => any>} */
const READERS = {
  choice: (question) => all(question, "[data-choice]").find((input) => input.checked)?.value ?? null,
  choices: (question) => {
    const ticked = all(question, "[data-choice]").filter((input) => input.checked).map((input) => input.value);
    return ticked.length ? ticked : null;
  },
  typed: (question) => {
    const { value } = all(question, "[data-typed]")[0];
    return value.trim() ? value : null;
  },
  matching: (question) => {
    const chosen = all(question, "[data-left]").filter((select) => select.value);
    return chosen.length ? Object.fromEntries(chosen.map((select) => [select.dataset.left, select.value])) : null;
  },
  ordering: (question) => {
    if (!all(question, "[data-order-set]")[0].checked) return null;
    return all(question, "[data-item]").map((item) => item.dataset.item);
  },
};

/** @type {Record<string, (question: HTMLElement, response: any) => void>} */
const WRITERS = {
  choice: (question, response) => all(question, "[data-choice]").forEach((input) => (input.checked = input.value === response)),
  choices: (question, response) =>
    all(question, "[data-choice]").forEach((input) => (input.checked = (response ?? []).includes(input.value))),
  typed: (question, response) => (all(question, "[data-typed]")[0].value = response ?? ""),
  matching: (question, response) =>
    all(question, "[data-left]").forEach((select) => (select.value = response?.[select.dataset.left] ?? "")),
  ordering: (question, response) => {
    all(question, "[data-order-set]")[0].checked = response !== null;
    if (response) arrange(question, response);
  },
};

const KINDS = {
  single: "choice", true_false: "choice", multiple: "choices", numerical: "typed", short: "typed",
  matching: "matching", ordering: "ordering",
};

/** @param {HTMLElement} question */
export const read = (question) => READERS[KINDS[question.dataset.type]](question);

/** @param {HTMLElement} question @param {any} response */
export const write = (question, response) => WRITERS[KINDS[question.dataset.type]](question, response ?? null);

/** @param {HTMLElement} question */
export const flagged = (question) => Boolean(question.querySelector("[data-flag]")?.checked);

/** The same whatever the order of ticks. @param {any} response */
export function canonical(response) {
  if (response === null || typeof response !== "object") return JSON.stringify(response);
  if (!Array.isArray(response)) return JSON.stringify(Object.entries(response).sort());
  return JSON.stringify(response);
}

/** Puts the items of an ordering in this order. @param {HTMLElement} question @param {string[]} order */
export function arrange(question, order) {
  const list = question.querySelector("[data-order]");
  const items = new Map(all(question, "[data-item]").map((item) => [item.dataset.item, item]));
  list?.append(...order.map((id) => items.get(id)).filter(Boolean));
  number(question);
}

/** Each item's select says where the item stands. @param {HTMLElement} question */
function number(question) {
  all(question, "[data-item]").forEach((item, index) => (item.querySelector("select").value = String(index + 1)));
}

/** Moves an item to a place (0 is the first), and says so. @param {HTMLElement} question @param {HTMLElement} item @param {number} place */
export function move(question, item, place) {
  const order = all(question, "[data-item]").map((each) => each.dataset.item);
  const target = Math.max(0, Math.min(order.length - 1, place));
  order.splice(order.indexOf(item.dataset.item), 1);
  order.splice(target, 0, item.dataset.item);
  // A moved element loses its focus: only its neighbours are moved.
  const items = new Map(all(question, "[data-item]").map((each) => [each.dataset.item, each]));
  order.slice(0, target).forEach((id) => item.before(items.get(id)));
  order.slice(target + 1).toReversed().forEach((id) => item.after(items.get(id)));
  number(question);
  return target;
}
