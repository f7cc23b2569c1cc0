/** What a quiz's page shows beside the questions: the navigator, what is saved, notices. */
import { announce, clock, text } from "./dom.js";
import { flagged, read } from "./quiz-answers.js";

/** The question in view and the dots; without `[data-go]` buttons (all on one page) there is nothing to turn. */
export class Navigator {
  /** @param {HTMLElement} root @param {HTMLElement[]} questions */
  constructor(root, questions) {
    this.root = root;
    this.questions = questions;
    this.single = root.dataset.mode === "one";
    this.dots = new Map([...root.querySelectorAll("[data-dot]")].map((dot) => [dot.dataset.dot, dot]));
    this.counter = root.querySelector("[data-quiz-counter]");
    this.current = questions.find((question) => !question.hidden)?.dataset.question ?? "";
  }

  /** Brings a question to the front and the focus to it. @param {string} key */
  show(key) {
    const wanted = this.questions.find((question) => question.dataset.question === key);
    if (!wanted) return;
    this.current = key;
    if (this.single) {
      for (const question of this.questions) question.hidden = question !== wanted;
      history.replaceState(null, "", `?q=${encodeURIComponent(key)}`);
    }
    wanted.querySelector("legend")?.focus();
    (this.single ? this.root : wanted).scrollIntoView({ block: "start" });
    this.mark();
  }

  /** The question that many places further; none past the ends. @param {number} step */
  near(step) {
    const index = this.questions.findIndex((question) => question.dataset.question === this.current);
    return this.questions[index + step]?.dataset.question;
  }

  /** The dots and the counter say what is answered and flagged; the steps, where one can go. */
  mark() {
    let answered = 0;
    for (const question of this.questions) {
      const done = read(question) !== null;
      answered += Number(done);
      this.dot(question.dataset.question ?? "", done, flagged(question));
    }
    if (this.counter) this.counter.textContent = text(this.counter, "counter", { done: String(answered), all: String(this.questions.length) });
    if (!this.single) return;
    for (const [name, step] of [["previous", -1], ["next", 1]]) {
      const button = this.root.querySelector(`[data-step="${name}"]`);
      if (button instanceof HTMLElement) button.hidden = !this.near(step);
    }
    const last = this.root.querySelector("[data-step=summary]");
    if (last instanceof HTMLElement) last.hidden = Boolean(this.near(1));
  }

  /** @param {string} key @param {boolean} done @param {boolean} flag */
  dot(key, done, flag) {
    const dot = this.dots.get(key);
    if (!dot) return;
    dot.classList.toggle("done", done);
    dot.classList.toggle("flag", flag);
    if (key === this.current && this.single) dot.setAttribute("aria-current", "step");
    else dot.removeAttribute("aria-current");
    const words = [text(this.root, done ? "answered" : "empty"), flag ? text(this.root, "flagged") : ""];
    const said = dot.querySelector("[data-dot-state]");
    if (said) said.textContent = words.filter(Boolean).join(", ");
  }
}

/** "Saved at 14:03", and what to do when it is not. */
export class Saved {
  /** @param {HTMLElement} root @param {() => number} waiting how many answers wait */
  constructor(root, waiting) {
    this.root = root;
    this.element = root.querySelector("[data-quiz-saved]");
    this.waiting = waiting;
    this.state = "";
  }

  /** @param {string} state */
  show(state) {
    const was = this.state;
    this.state = state;
    if (this.element) {
      const sentence = text(this.element, state, { time: clock(), n: String(this.waiting()) });
      // Every save says "saved" by sight; only trouble and its end are spoken.
      if (state !== was && (TROUBLE.includes(state) || (state === "saved" && TROUBLE.includes(was)))) announce(sentence);
      this.element.setAttribute("data-state", state);
      this.element.textContent = sentence;
    }
    this.box("signed-out", state === "signed-out");
  }

  /** Shows or hides a notice that the page carries as `[data-quiz-box=NAME]`. @param {string} name @param {boolean} on */
  box(name, on) {
    const found = this.root.querySelector(`[data-quiz-box="${name}"]`);
    if (!(found instanceof HTMLElement) || found.hidden === !on) return;
    found.hidden = !on;
    if (!on) return;
    announce(found.textContent?.replace(/\s+/g, " ").trim() ?? "");
    if (ASKED.includes(name)) found.scrollIntoView({ block: "nearest" });
  }
}

const ASKED = ["stay", "not-submitted", "time-up"]; // answers to what the person has just done: to be seen
const TROUBLE = ["offline", "signed-out", "paused"];

/** Numbers of questions, for sentences: q7 is question 7. @param {string[]} keys */
export const numbers = (keys) => keys.map((key) => Number(key.slice(1))).sort((a, b) => a - b).join(", ");

/** Sentences of the people who look after the quiz. */
export class Announcements {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.list = root.querySelector("[data-quiz-announcements]");
    this.known = new Set([...(this.list?.children ?? [])].map((item) => item.dataset.id));
  }

  /** @param {{id: number, at: string, text: string}[]} all */
  show(all) {
    for (const { id, at, text: words } of [...all].sort((a, b) => a.id - b.id)) {
      if (!this.list || this.known.has(String(id))) continue;
      this.known.add(String(id));
      const item = document.createElement("li");
      item.className = "alert";
      item.dataset.id = String(id);
      const time = document.createElement("b");
      time.textContent = clock(new Date(at));
      item.append(time, " ", words);
      this.list.prepend(item);
      announce(`${text(this.list, "from")} ${words}`);
    }
  }
}
