/** Copy buttons, menus, regions that scroll and columns of fields. */
import { announce, text } from "./dom.js";

/** `<button data-copy="#id" data-text-copied="…" hidden>`: copies the text of that element or the value of that field.
 * @param {HTMLButtonElement} button */
export function startCopy(button) {
  if (!navigator.clipboard) return; // plain HTTP to another machine: the button stays hidden
  button.hidden = false;
  button.addEventListener("click", async () => {
    const target = document.querySelector(button.dataset.copy ?? "");
    if (!target) return;
    await navigator.clipboard.writeText("value" in target ? String(target.value) : (target.textContent ?? ""));
    const before = button.textContent;
    button.textContent = text(button, "copied") || "✓";
    announce(button.textContent);
    setTimeout(() => (button.textContent = before), 2000);
  });
}

/** A region that scrolls sideways must be reachable by keyboard; one that fits should not be a stop.
 * @param {HTMLElement} element */
export function startScroller(element) {
  new ResizeObserver(() => {
    if (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }).observe(element);
}

/** `<details class="menu">` closes on Escape and on a click elsewhere. */
export function startMenus() {
  const close = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(except)) menu.removeAttribute("open");
  };
  document.addEventListener("click", (event) => close(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement?.closest("details.menu[open]");
    close(null);
    menu?.querySelector("summary")?.focus();
  });
}

/** `<tbody data-enter-down>`: in a column of fields Enter and Arrow Down go to the next one, Shift-Enter and Arrow Up to
 * the one before, with its text selected. Enter never sends the form from there: half a column would be saved, and the
 * page that comes back would take the place away. Rows without a field, such as locked ones, are passed over.
 * @param {HTMLElement} column */
export function startColumn(column) {
  column.addEventListener("keydown", (event) => {
    const fields = [...column.querySelectorAll("input:not([type=hidden])")];
    const place = fields.indexOf(/** @type {HTMLInputElement} */ (event.target));
    const step = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (place < 0 || !step || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.shiftKey && event.key !== "Enter") return; // selects text
    event.preventDefault();
    const next = /** @type {HTMLInputElement | undefined} */ (fields[place + step]);
    next?.focus();
    next?.select();
  });
}
