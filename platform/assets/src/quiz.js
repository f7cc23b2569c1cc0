/** Taking a quiz: `<… data-quiz>` is the page of an attempt, of its summary, or of its end.
 *
 * The page is a form that works without this script. With it every change is saved at once, all questions are there at
 * once (turning pages needs no network), and the clock is followed. The server's answer is the only truth about what is
 * saved and whether time is left. */
import { text } from "./dom.js";
import { askFirst } from "./confirm.js";
import { canonical, flagged, move, read, write } from "./quiz-answers.js";
import { Clock, keepInStep } from "./quiz-clock.js";
import { handIn, startEnd, timeUp } from "./quiz-end.js";
import { Facts } from "./quiz-facts.js";
import { Outbox } from "./quiz-outbox.js";
import { Sync } from "./quiz-sync.js";
import { Announcements, Navigator, numbers, Saved } from "./quiz-view.js";

const pause = (delay) => new Promise((resolve) => setTimeout(resolve, delay));
const LIVE = ["running", "paused"];

export class Quiz {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.api = root.dataset.api ?? "";
    this.outbox = new Outbox(root.dataset.quiz ?? "");
    /** @type {HTMLElement[]} */
    this.questions = [...root.querySelectorAll("[data-question]")];
    this.form = root.querySelector("[data-quiz-form]");
    this.saved = new Saved(root, () => this.outbox.waiting().length);
    this.sync = new Sync(this.api, this.outbox, Number(root.dataset.sequence), {
      onState: (state) => this.onState(state),
      onSaved: (key, answer, entry) => this.onSaved(key, answer, entry),
      onConflict: () => this.onConflict(),
      onBack: () => this.onBack(),
      onRefused: (key) => this.noticeAt(key, "refused"),
    });
    this.navigator = new Navigator(root, this.questions);
    this.announcements = new Announcements(root);
    this.facts = new Facts(this.api);
    this.leaving = false; // by our own decision: what waits is in the outbox, or travels along
    this.handing = false;
    this.over = false;
  }

  start() {
    for (const { dataset } of this.questions) {
      this.sync.known.set(dataset.question ?? "", Number(dataset.sequence));
      this.sync.viewed.set(dataset.question ?? "", Number(dataset.seconds));
    }
    this.adopt();
    this.listen();
    const element = this.root.querySelector("[data-quiz-clock]");
    this.clock = element instanceof HTMLElement ? new Clock(element, () => void timeUp(this)) : null;
    this.lock(this.root.dataset.state === "paused");
    this.navigator.mark();
    this.facts.listen();
    keepInStep(() => void this.ask());
    this.watch();
    if (this.outbox.waiting().length) this.sync.wait(0);
  }

  /** Answers that an earlier visit could not bring to the server. */
  adopt() {
    for (const [key, entry] of this.outbox.all()) {
      const question = this.questions.find((each) => each.dataset.question === key);
      if (!question) continue;
      const server = canonical(read(question));
      const moved = Number(question.dataset.sequence) > entry.base;
      const ours = entry.tried.includes(server); // it had arrived: only the confirmation was lost
      if (moved && !ours) {
        if (server === canonical(entry.response)) this.outbox.drop(key, entry.stamp);
        else this.offer(key, entry);
      } else if (moved && server === canonical(entry.response) && flagged(question) === entry.flagged) {
        this.outbox.drop(key, entry.stamp);
      } else {
        this.take(question, entry);
      }
    }
  }

  /** Shows a kept answer and lets it wait for the server. @param {HTMLElement} question @param {any} entry */
  take(question, { held, ...entry }) {
    write(question, entry.response);
    const flag = question.querySelector("[data-flag]");
    if (flag) flag.checked = entry.flagged;
    this.outbox.put(question.dataset.question ?? "", { ...entry, base: Number(question.dataset.sequence) });
    this.sync.show("unsaved");
  }

  /** The server has a newer answer: it stays, and the kept one is offered. @param {string} key @param {any} entry */
  offer(key, entry) {
    this.outbox.put(key, { ...entry, held: "newer" });
    const note = this.noticeAt(key, "newer");
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button small", textContent: text(this.root, "use-mine") });
    button.addEventListener("click", () => {
      const question = this.questions.find((each) => each.dataset.question === key);
      if (!question) return;
      this.take(question, entry);
      note?.remove();
      this.navigator.mark();
      this.sync.wait(0);
    });
    note?.append(" ", button);
  }

  /** A sentence inside a question. @param {string} key @param {string} name */
  noticeAt(key, name) {
    const question = this.questions.find((each) => each.dataset.question === key);
    if (!question) return null;
    question.querySelector(":scope > [data-notice]")?.remove();
    const note = document.createElement("p");
    note.className = "alert warning";
    note.dataset.notice = name;
    note.setAttribute("role", "status");
    note.textContent = text(this.root, name);
    question.querySelector("legend")?.after(note);
    return note;
  }

  listen() {
    this.root.addEventListener("input", (event) => this.onInput(event));
    this.root.addEventListener("change", (event) => this.onChange(event));
    this.root.addEventListener("click", (event) => this.onClick(event));
    this.form?.addEventListener("submit", (event) => this.onForm(event));
    this.root.querySelector("[data-quiz-submit]")?.addEventListener("submit", (event) => {
      event.preventDefault();
      void handIn(this, event.target);
    });
    window.addEventListener("online", () => this.sync.pump());
    window.addEventListener("focus", () => this.sync.failures && this.sync.pump());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.sync.leave());
    window.addEventListener("beforeunload", (event) => {
      if (this.outbox.waiting().length && !this.leaving && !this.over) event.preventDefault();
    });
  }

  /** @param {Event} event */
  question(event) {
    const found = event.target instanceof Element ? event.target.closest("[data-question]") : null;
    if (found instanceof HTMLElement && !this.navigator.single) this.navigator.current = found.dataset.question ?? "";
    return found instanceof HTMLElement ? found : null;
  }

  /** @param {Event} event */
  onInput(event) {
    const question = this.question(event);
    if (question && event.target.matches("[data-typed]")) this.changed(question, true);
  }

  /** @param {Event} event */
  onChange(event) {
    const question = this.question(event);
    if (!question) return;
    if (event.target.matches("[data-place]")) this.reorder(question, event.target.closest("[data-item]"), Number(event.target.value) - 1);
    else this.changed(question, false);
  }

  /** @param {HTMLElement} question @param {boolean} typing */
  changed(question, typing) {
    this.sync.changed(question, typing);
    this.navigator.mark();
  }

  /** @param {HTMLElement} question @param {HTMLElement} item @param {number} place */
  reorder(question, item, place) {
    const reached = move(question, item, place);
    const count = question.querySelectorAll("[data-item]").length;
    question.querySelector("[data-order-set]").checked = true;
    const status = question.querySelector("[data-order-status]");
    const name = item.querySelector("[data-item-text]")?.textContent?.trim() ?? "";
    if (status) status.textContent = text(status, "moved", { name, place: String(reached + 1), count: String(count) });
    this.changed(question, false);
  }

  /** @param {MouseEvent} event */
  onClick(event) {
    const button = event.target instanceof Element ? event.target.closest("[data-move]") : null;
    if (!(button instanceof HTMLElement)) return;
    const question = this.question(event);
    const item = button.closest("[data-item]");
    if (!question || !(item instanceof HTMLElement)) return;
    const places = [...question.querySelectorAll("[data-item]")];
    this.reorder(question, item, places.indexOf(item) + Number(button.dataset.move));
  }

  /** The buttons that without this script save the page and load another. @param {SubmitEvent} event */
  onForm(event) {
    const button = event.submitter;
    const { name = "", value = "" } = button instanceof HTMLButtonElement ? button : {};
    event.preventDefault();
    if (name === "clear") return this.clear(value);
    if (value === "advance") return void this.advance(/** @type {HTMLButtonElement} */ (button));
    if (value === "summary") return void this.leaveFor(this.root.dataset.summary ?? "");
    if (button instanceof HTMLElement && button.dataset.step) return this.turn(button.dataset.step);
    if (name === "go" && value !== "here") return this.navigator.show(value);
    void this.sync.pump();
  }

  /** @param {string} step */
  turn(step) {
    const key = this.navigator.near(step === "next" ? 1 : -1);
    if (key) this.navigator.show(key);
  }

  /** @param {string} key */
  clear(key) {
    const question = this.questions.find((each) => each.dataset.question === key);
    if (!question) return;
    write(question, null);
    this.changed(question, false);
    question.querySelector("[data-choice]")?.focus();
  }

  /** One question at a time without a way back: the form goes to the server, which gives the next one.
   * @param {HTMLButtonElement} button */
  async advance(button) {
    if (this.questions.some((question) => read(question) === null) && !(await askFirst(button))) return;
    await this.flush();
    if (this.over || !(this.form instanceof HTMLFormElement)) return;
    if (this.sync.state === "offline") return this.saved.box("stay", true);
    const go = Object.assign(document.createElement("input"), { type: "hidden", name: "go", value: "advance" });
    this.form.append(go);
    this.leaving = true;
    this.form.submit();
  }

  /** Waits for the saves under way, but not for ever. */
  flush() {
    return Promise.race([this.sync.pump(), pause(8000)]);
  }

  /** To another page of this attempt once everything is saved; offline one stays. @param {string} address */
  async leaveFor(address) {
    await this.flush();
    if (this.over) return;
    const stuck = this.outbox.waiting().length > 0;
    this.saved.box("stay", stuck);
    if (stuck) return;
    this.leaving = true;
    location.assign(address);
  }

  /** The attempt is over: what did not arrive is named; else the end's page opens. */
  ended() {
    if (this.over) return;
    this.over = true;
    const late = this.sync.close();
    this.lock(false);
    this.saved.show("over");
    if (!late.length) return location.replace(this.root.dataset.results ?? "");
    this.saved.box("time-up", false);
    this.saved.box("not-submitted", false);
    const list = this.root.querySelector("[data-quiz-late]");
    if (list) list.textContent = numbers(late.map(([key]) => key));
    this.saved.box("over", true);
    const box = this.root.querySelector('[data-quiz-box="over"]');
    if (box instanceof HTMLElement) box.focus();
  }

  /** @param {string} state */
  onState(state) {
    this.saved.show(state);
    if (state === "offline") this.facts.connection(false);
    if (state !== "saved") return;
    this.facts.connection(true);
    this.saved.box("stay", false);
    if (this.root.hasAttribute("data-reload-when-saved") && !this.handing && this.reloads) this.again();
  }

  /** @param {string} key @param {{sequence: number, stale: boolean}} answer @param {any} entry what was saved */
  onSaved(key, { sequence, stale }, entry) {
    if (stale) this.noticeAt(key, "stale");
    const question = this.questions.find((each) => each.dataset.question === key);
    // Of two requests under way at once (one from leaving the page), the older may have arrived last and count.
    const newest = sequence === this.sync.known.get(key) && !this.outbox.get(key);
    if (question && newest && canonical(read(question)) !== canonical(entry.response)) this.changed(question, false);
  }

  /** The server refused an answer: why? @returns {Promise<string>} a state of Sync */
  async onConflict() {
    const facts = await this.ask();
    if (!facts) return "offline";
    if (facts.state === "paused") return "paused";
    if (facts.state === "running" && (facts.remaining_ms === null || facts.remaining_ms > 0)) return "not-here";
    this.ended();
    return "over";
  }

  /** After an outage. @returns {Promise<string>} "" when answers can be sent, else a state of Sync */
  async onBack() {
    const facts = await this.ask();
    if (this.over) return "over";
    if (!facts) return this.why;
    return facts.state === "paused" ? "paused" : "";
  }

  /** Asks for the time left, and learns whatever else has changed. @returns {Promise<any>} null: no answer */
  async ask() {
    const asked = performance.now();
    const { sends, underWay } = this.sync;
    let facts;
    this.why = "offline";
    try {
      const response = await fetch(`${this.api}/clock`, {
        credentials: "same-origin", cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(10_000),
      });
      if ([401, 403, 404].includes(response.status)) this.saved.show((this.why = "signed-out"));
      if (!response.ok) return null;
      facts = await response.json();
    } catch {
      return null;
    }
    if (this.over) return facts;
    this.announcements.show(facts.announcements ?? []);
    if (!LIVE.includes(facts.state)) {
      this.ended();
      return facts;
    }
    this.clock?.set(facts, asked);
    this.lock(facts.state === "paused");
    if (!this.handing) this.saved.box("time-up", false);
    if (this.saved.state === "signed-out" && !this.sync.failures) this.saved.show("saved");
    // A save of our own on its way would look like somebody else's.
    if (facts.sequence > this.sync.seen && !underWay && sends === this.sync.sends) await this.refresh();
    return facts;
  }

  /** Another window has saved answers: they are shown here; where an older one waits, the person is asked. */
  async refresh() {
    const options = { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(10_000) };
    const view = await fetch(this.api, options).then((response) => (response.ok ? response.json() : null)).catch(() => null);
    if (!view) return; // the next question to the clock finds the same difference
    let shown = 0;
    for (const fresh of view.questions ?? []) {
      const question = this.questions.find((each) => each.dataset.question === fresh.key);
      if (!question || !fresh.type) continue;
      shown += Number(this.update(question, fresh));
    }
    this.sync.seen = Math.max(this.sync.seen, view.sequence ?? 0);
    this.navigator.mark();
    if (shown) this.saved.box("elsewhere", true);
  }

  /** One question as the server has it. @param {HTMLElement} question @param {any} fresh @returns {boolean} whether it looks different now */
  update(question, { key, response, flagged: flag, sequence }) {
    const entry = this.outbox.get(key);
    const server = canonical(response ?? null);
    const news = sequence > (this.sync.known.get(key) ?? 0);
    question.dataset.sequence = String(sequence);
    this.sync.known.set(key, sequence);
    if (!news) return false;
    if (entry && !entry.held) {
      if (entry.tried.includes(server) || server === canonical(entry.response)) {
        this.outbox.put(key, { ...entry, base: sequence });
        return false;
      }
      this.offer(key, entry);
    }
    const changed = canonical(read(question)) !== server;
    write(question, response);
    const box = question.querySelector("[data-flag]");
    if (box) box.checked = Boolean(flag);
    return changed;
  }

  /** During a pause nothing can be answered, and nothing is there to think about. @param {boolean} paused */
  lock(paused) {
    this.saved.box("paused", paused && !this.over);
    if (!paused && this.root.dataset.state === "paused") return this.again(); // the page came without questions
    for (const question of this.questions) question.disabled = paused || this.over || this.handing;
    if (this.form instanceof HTMLElement) this.form.hidden = paused && !this.over;
  }

  again() {
    this.leaving = true;
    location.reload();
  }

  /** How long each question is in view. */
  watch() {
    this.reloads = this.outbox.waiting().length > 0;
    setInterval(() => {
      const { current } = this.navigator;
      if (!current || document.visibilityState !== "visible") return;
      this.sync.viewed.set(current, (this.sync.viewed.get(current) ?? 0) + 1);
    }, 1000);
  }
}

/** @param {HTMLElement} root */
export function startQuiz(root) {
  if (LIVE.includes(root.dataset.state ?? "")) new Quiz(root).start();
  else startEnd(root);
}
