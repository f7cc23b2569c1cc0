/** Refreshes a fragment of the page until the server says that it is final.
 *
 * `<div data-poll-url="…" data-poll-after="150">`: the first request after that many milliseconds; each answer's header
 * `X-Poll-After` gives the next delay, and an answer without it ends the polling. 204 and 304 mean "as before".
 * Boxes with an id that are ticked stay so, and nothing changes under an open question. */
import { announce, backoff, text } from "./dom.js";

/** @returns {Promise<void>} at once when the page is in view, else when it comes back */
function visible() {
  if (document.visibilityState === "visible") return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", function check() {
      if (document.visibilityState !== "visible") return;
      document.removeEventListener("visibilitychange", check);
      resolve();
    });
  });
}

const pause = (delay) => new Promise((resolve) => setTimeout(resolve, delay));

class Poller {
  /** @param {HTMLElement} element @param {(root: ParentNode) => void} start brings new HTML to life */
  constructor(element, start) {
    this.element = element;
    this.start = start;
    this.last = "";
    this.status = this.sentence();
    /** @type {HTMLElement | null} */
    this.notice = null;
  }

  sentence() {
    return this.element.querySelector("[data-status]")?.textContent?.trim() ?? "";
  }

  async run() {
    let delay = Number(this.element.dataset.pollAfter ?? 1000);
    let failures = 0;
    while (this.element.isConnected) {
      await pause(delay);
      await visible();
      const response = await this.ask();
      if (!response || response.status >= 500 || response.status === 429) {
        failures += 1;
        if (failures > 1) this.say("offline"); // one lost request of many is not worth a word
        delay = Math.max(backoff(failures), 1000 * (Number(response?.headers.get("Retry-After")) || 0));
        continue;
      }
      // Signed out (a redirect to the sign-in page) or gone: only a reload can help, and never somebody else's page here.
      if (response.redirected || response.status >= 400) return this.say("stopped");
      failures = 0;
      this.say("");
      if (response.status === 200) this.show(await response.text());
      const next = Number(response.headers.get("X-Poll-After") ?? NaN);
      if (!(next >= 0)) return this.end();
      delay = Math.max(50, next);
    }
  }

  async ask() {
    try {
      return await fetch(this.element.dataset.pollUrl ?? "", {
        headers: { Accept: "text/html" }, credentials: "same-origin", cache: "no-store",
        signal: AbortSignal.timeout(15_000),
      });
    } catch {
      return null;
    }
  }

  /** @param {string} html rendered by our own server */
  show(html) {
    if (html === this.last) return; // keeps the focus and a selection where nothing changed
    if (document.querySelector("dialog[open]")) return; // the button that it asks about must still be there
    this.last = html;
    const focused = this.element.contains(document.activeElement) ? document.activeElement?.id : "";
    const ticked = [...this.element.querySelectorAll("input[type=checkbox][id]:checked")].map(({ id }) => id);
    this.element.innerHTML = html;
    for (const id of ticked) {
      const box = document.getElementById(id);
      if (box instanceof HTMLInputElement) box.checked = true;
    }
    this.start(this.element);
    if (focused) document.getElementById(focused)?.focus();
    const status = this.sentence();
    if (status && status !== this.status) announce(status);
    this.status = status;
    const title = this.element.querySelector("[data-page-title]")?.getAttribute("data-page-title");
    if (title) document.title = title;
  }

  /** Shows or takes away the note under the fragment. @param {string} state */
  say(state) {
    this.notice?.remove();
    this.notice = null;
    const sentence = state && text(this.element, state);
    if (!sentence) return;
    this.notice = document.createElement("p");
    this.notice.className = "alert warning";
    this.notice.textContent = sentence;
    this.element.after(this.notice);
    announce(sentence);
  }

  end() {
    this.element.removeAttribute("aria-busy");
    this.element.setAttribute("data-poll-done", "");
  }
}

/** @param {HTMLElement} element @param {(root: ParentNode) => void} start */
export const startPoll = (element, start) => void new Poller(element, start).run();
