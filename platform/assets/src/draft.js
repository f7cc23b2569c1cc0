/** Saves the editor's text on the server while its author types, and in this browser until the server has it.
 *
 * Nothing typed is lost: every change goes to localStorage at once; the server's 200 removes it. A copy found at the
 * next visit is put back when the server's draft has not moved since (same `data-draft-version`); when it has, another
 * tab or machine saved later, so the server's text stays and `[data-draft-restore]` offers the copy. */
import { announce, backoff, clock, csrfToken, text } from "./dom.js";

const PAUSE = 800; // ms without a keystroke before a save
const KEEPALIVE_LIMIT = 60_000; // bytes: browsers refuse larger bodies for requests that outlive the page

class LocalCopy {
  /** @param {string} url */
  constructor(url) {
    this.key = `rendu:draft:${url}`;
  }
  /** @returns {{source: string, version: string} | null} */
  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "null");
    } catch {
      return null; // storage is off, or not ours
    }
  }
  /** @param {string} source @param {string} version */
  write(source, version) {
    try {
      localStorage.setItem(this.key, JSON.stringify({ source, version }));
    } catch {
      // Storage is full or off: the save on the server is still on its way.
    }
  }
  clear() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // As above.
    }
  }
}

class Draft {
  /** @param {HTMLTextAreaElement} area @param {string} url */
  constructor(area, url) {
    this.area = area;
    this.url = url;
    this.version = area.dataset.draftVersion ?? "";
    this.copy = new LocalCopy(url);
    this.status = (area.form ?? document).querySelector("[data-draft-status]");
    this.saved = area.value; // what the server is known to hold
    this.failures = 0;
    this.timer = 0;
    /** @type {Promise<void> | null} the request under way: one at a time, so that none overtakes another */
    this.sending = null;
    this.refused = false;
  }

  get dirty() {
    return this.area.value !== this.saved;
  }

  /** @param {string} state @param {Record<string, string>} [values] */
  show(state, values) {
    if (!this.status) return;
    const sentence = text(this.status, state, values);
    if (this.status.getAttribute("data-state") !== state && (state === "offline" || state === "refused")) announce(sentence);
    this.status.setAttribute("data-state", state);
    this.status.textContent = sentence;
  }

  changed() {
    this.copy.write(this.area.value, this.version);
    if (!this.refused) this.show("unsaved");
    this.wait(PAUSE);
  }

  /** @param {number} delay */
  wait(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), delay);
  }

  /** @param {{keepalive?: boolean}} [options] */
  async save({ keepalive = false } = {}) {
    clearTimeout(this.timer);
    if (this.sending) await this.sending;
    if (!this.dirty) return;
    this.sending = this.send(this.area.value, keepalive).finally(() => {
      this.sending = null;
    });
    await this.sending;
  }

  /** @param {string} source @param {boolean} keepalive */
  async send(source, keepalive) {
    const body = JSON.stringify({ source });
    let response;
    try {
      response = await fetch(this.url, {
        method: "PUT",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
        body,
        credentials: "same-origin",
        keepalive: keepalive && body.length < KEEPALIVE_LIMIT,
        redirect: "error", // a redirect is the sign-in page, not a save
      });
    } catch {
      return this.retry();
    }
    if (response.ok) return this.accepted(source, await response.json().catch(() => ({})));
    if (response.status >= 500 || response.status === 429) return this.retry();
    this.refused = true; // too large, closed or signed out: trying again cannot help
    this.show("refused");
  }

  retry() {
    this.failures += 1;
    this.show("offline");
    this.wait(backoff(this.failures));
  }

  /** @param {string} source @param {{version?: string|number}} answer */
  accepted(source, answer) {
    this.saved = source;
    this.failures = 0;
    this.refused = false;
    if (answer.version !== undefined) this.version = String(answer.version);
    if (this.dirty) {
      this.copy.write(this.area.value, this.version);
      return this.wait(PAUSE);
    }
    this.copy.clear();
    this.show("saved", { time: clock() });
  }

  /** Puts back what an earlier visit could not save. @param {(source: string) => void} load */
  restore(load) {
    const kept = this.copy.read();
    if (!kept) return;
    if (kept.source === this.saved) return this.copy.clear();
    if (kept.version === this.version) {
      load(kept.source);
      return this.show("restored");
    }
    this.show("conflict");
    const button = (this.area.form ?? document).querySelector("[data-draft-restore]");
    if (!(button instanceof HTMLElement)) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      button.hidden = true;
      load(kept.source);
    });
  }

  listen() {
    let leaving = false; // the form carries the text itself, so leaving by it loses nothing
    // On the window, so that a confirmation question, asked at the document, has been heard first.
    window.addEventListener("submit", (event) => {
      if (event.target !== this.area.form || event.defaultPrevented) return;
      leaving = true;
      void this.save({ keepalive: true });
    });
    window.addEventListener("pageshow", () => (leaving = false));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") void this.save({ keepalive: true });
    });
    window.addEventListener("online", () => this.dirty && this.wait(0));
    window.addEventListener("beforeunload", (event) => {
      if (this.dirty && !leaving) event.preventDefault();
    });
  }
}

/** Starts autosaving; returns what the editor calls after each change.
 * @param {HTMLTextAreaElement} area @param {{load: (source: string) => void}} editor @returns {() => void} */
export function startDraft(area, editor) {
  const url = area.dataset.draftUrl;
  if (!url || area.readOnly || area.disabled) return () => {};
  const draft = new Draft(area, url);
  draft.listen();
  // After this returns, so that the editor already reports the change that puts a copy back.
  queueMicrotask(() => draft.restore(editor.load));
  return () => draft.changed();
}
