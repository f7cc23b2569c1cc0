/** Brings answers to the server: each change at once, again and again until it is confirmed, in the order of typing.
 *
 * The server decides. 200: saved. 409: the attempt is over, or paused (then the answer waits for the end of the pause),
 * or stands at another question.
 * 401, 403, 404 or a redirect: nobody, or somebody else, is signed in: the answer waits too. 400, 413, 422: an answer that
 * no retry can save. Everything else is an outage. */
import { backoff, csrfToken } from "./dom.js";
import { canonical, flagged, read } from "./quiz-answers.js";
import { token } from "./quiz-outbox.js";

const TYPING = 300; // ms without a keystroke before a save
const PATIENCE = 10_000; // ms for one request
const LONGEST = 8000; // ms between two tries: time is short in a quiz

export class Sync {
  /** @param {string} api address of the attempt's API @param {import("./quiz-outbox.js").Outbox} outbox
   * @param {number} seen the attempt's sequence that the page shows
   * @param {{onState: (state: string) => void, onSaved: (key: string, answer: any, entry: any) => void,
   *   onConflict: () => Promise<string>, onBack: () => Promise<string>, onRefused: (key: string) => void}} hooks
   *   onConflict: after a 409, the state now; onBack: before a new try, "" or why it would be in vain */
  constructor(api, outbox, seen, hooks) {
    this.api = api;
    this.outbox = outbox;
    this.seen = seen;
    this.hooks = hooks;
    this.tab = token();
    /** Sequence of each question's answer, as far as this page knows. @type {Map<string, number>} */
    this.known = new Map();
    this.failures = 0;
    this.sends = 0; // requests that were started, and that are under way: a fact may be older than a save of ours
    this.underWay = 0;
    this.timer = 0;
    /** @type {Promise<void> | null} */
    this.running = null;
    this.state = "saved";
    /** Seconds in view, by question. @type {Map<string, number>} */
    this.viewed = new Map();
  }

  /** A question's controls have changed. @param {HTMLElement} question @param {boolean} typing */
  changed(question, typing) {
    const key = question.dataset.question ?? "";
    const before = this.outbox.get(key);
    const base = before && !before.held ? before.base : (this.known.get(key) ?? 0);
    const tried = before && !before.held ? before.tried : [];
    this.outbox.put(key, {
      response: read(question), flagged: flagged(question), base, stamp: token(), at: Date.now(), tried,
    });
    if (this.state === "saved") this.show("unsaved");
    else this.show(this.state);
    if (!this.failures) this.wait(typing ? TYPING : 0);
  }

  /** @param {string} state */
  show(state) {
    this.state = state;
    this.hooks.onState(state);
  }

  /** @param {number} delay */
  wait(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pump(), delay);
  }

  /** Tries now; resolves when nothing waits any more, or no try can help at the moment. */
  pump() {
    clearTimeout(this.timer);
    this.running ??= this.sendAll().finally(() => (this.running = null));
    return this.running;
  }

  async sendAll() {
    if (this.failures && this.outbox.waiting().length) {
      // Meanwhile another device may have saved newer answers: they are looked at before older ones are sent.
      const reason = await this.hooks.onBack();
      if (reason) return this.later(reason);
    }
    for (;;) {
      const next = this.outbox.waiting()[0];
      if (!next) break;
      const answer = await this.send(...next);
      if (answer !== "done") return this.later(answer);
    }
    this.failures = 0;
    this.show("saved");
  }

  /** @param {string} reason a state to show, while the next try waits */
  later(reason) {
    if (reason === "over") return this.show("over");
    this.failures += 1;
    this.show(reason);
    this.wait(Math.min(backoff(this.failures), LONGEST * (0.8 + 0.4 * Math.random())));
  }

  /** One answer. @param {string} key @param {import("./quiz-outbox.js").Entry} entry @param {boolean} [leaving] the page may be gone soon
   * @returns {Promise<string>} "done", or why not */
  async send(key, entry, leaving = false) {
    const sent = canonical(entry.response);
    if (!entry.tried.includes(sent)) {
      const now = this.outbox.get(key);
      if (now?.stamp === entry.stamp) this.outbox.put(key, { ...entry, tried: [...entry.tried, sent].slice(-20) });
    }
    this.sends += 1;
    this.underWay += 1;
    let response;
    try {
      response = await fetch(`${this.api}/answers/${key}`, {
        method: "PUT",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
        body: JSON.stringify({
          response: entry.response, flagged: entry.flagged, tab: this.tab,
          sequence: this.known.get(key) ?? this.seen, seconds: this.viewed.get(key) ?? 0,
        }),
        credentials: "same-origin", redirect: "manual", keepalive: leaving, signal: AbortSignal.timeout(PATIENCE),
      });
    } catch {
      return "offline";
    } finally {
      this.underWay -= 1;
    }
    if (response.ok) return this.saved(key, entry, await response.json().catch(() => ({})));
    return this.refused(key, entry, response);
  }

  /** @param {string} key @param {import("./quiz-outbox.js").Entry} entry @param {any} answer */
  saved(key, entry, answer) {
    this.seen = Math.max(this.seen, Number(answer.sequence) || 0);
    this.known.set(key, Math.max(this.known.get(key) ?? 0, Number(answer.sequence) || 0));
    this.failures = 0;
    this.outbox.drop(key, entry.stamp);
    const newer = this.outbox.get(key); // typed while the request was under way: it builds on what was just saved
    if (newer && !newer.held) this.outbox.put(key, { ...newer, base: this.known.get(key) ?? 0 });
    this.hooks.onSaved(key, answer, entry);
    return "done";
  }

  /** @param {string} key @param {import("./quiz-outbox.js").Entry} entry @param {Response} response */
  async refused(key, entry, response) {
    if (response.type === "opaqueredirect" || [401, 403, 404].includes(response.status)) return "signed-out";
    const why = response.status === 409 ? await this.hooks.onConflict() : "";
    if (why && why !== "not-here") return why;
    if (why || [400, 413, 422].includes(response.status)) {
      if (this.outbox.get(key)?.stamp === entry.stamp) this.outbox.put(key, { ...entry, held: "refused" });
      this.hooks.onRefused(key);
      return "done";
    }
    return "offline";
  }

  /** The page is being left: everything that waits goes out at once, in requests that outlive the page. */
  leave() {
    if (this.state === "over") return;
    for (const [key, entry] of this.outbox.waiting()) void this.send(key, entry, true);
  }

  /** The attempt has ended: what waits is marked as too late. @returns {[string, import("./quiz-outbox.js").Entry][]} */
  close() {
    clearTimeout(this.timer);
    for (const [key, entry] of this.outbox.waiting()) this.outbox.put(key, { ...entry, held: "late" });
    return this.outbox.held("late");
  }
}
