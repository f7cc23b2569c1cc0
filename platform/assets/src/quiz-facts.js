/** Facts about the page, for the people who look after the quiz: it was opened, left, offline. No judgement is made. */
import { csrfToken } from "./dom.js";

export class Facts {
  /** @param {string} api address of the attempt's API */
  constructor(api) {
    this.api = api;
    /** @type {{kind: string, detail: object}[]} */
    this.queue = [];
    this.away = 0; // performance.now() when the page was left; 0: it is in front
    this.offline = 0;
  }

  listen() {
    this.add("opened", { width: innerWidth, height: innerHeight });
    document.addEventListener("visibilitychange", () => this.look());
    window.addEventListener("blur", () => this.look());
    window.addEventListener("focus", () => this.look());
    window.addEventListener("offline", () => this.connection(false));
    window.addEventListener("online", () => this.connection(true));
  }

  look() {
    const here = document.visibilityState === "visible" && document.hasFocus();
    if (!here && !this.away) {
      this.away = performance.now();
      this.add("focus_lost", { hidden: document.visibilityState === "hidden" });
    } else if (here && this.away) {
      this.add("focus_back", { seconds: Math.round((performance.now() - this.away) / 1000) });
      this.away = 0;
    }
  }

  /** Called by the browser's events and by saves that fail or work again. @param {boolean} works */
  connection(works) {
    if (!works && !this.offline) {
      this.offline = performance.now();
      this.add("offline", {});
    } else if (works && this.offline) {
      this.add("online", { seconds: Math.round((performance.now() - this.offline) / 1000) });
      this.offline = 0;
    }
  }

  /** @param {string} kind @param {object} detail */
  add(kind, detail) {
    this.queue.push({ kind, detail: { ...detail, at: new Date().toISOString() } });
    if (this.queue.length > 50) this.queue.shift();
    this.sending = (this.sending ?? Promise.resolve()).then(() => this.send());
  }

  /** In order; what fails waits for the next fact: losing one is no harm to the student. */
  async send() {
    while (this.queue.length) {
      try {
        const response = await fetch(`${this.api}/events`, {
          method: "POST", body: JSON.stringify(this.queue[0]), keepalive: true, credentials: "same-origin", redirect: "manual",
          headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() }, signal: AbortSignal.timeout(10_000),
        });
        if (response.status >= 500 || response.status === 429) return;
      } catch {
        return;
      }
      this.queue.shift();
    }
  }
}
