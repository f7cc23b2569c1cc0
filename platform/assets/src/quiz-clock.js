/** The time left. The server says how many milliseconds remain; this page only measures how many have passed since, by
 * a clock that nobody can set. It asks again every minute, and whenever the page or the network comes back: a computer
 * that slept has counted nothing. At 0 the server is asked before anything is closed. */
import { announce, text } from "./dom.js";

const RESYNC = 60_000; // ms between two questions to the server
const MINUTES = [1, 5, 10]; // left, at which the page says so; and at half of the time

export class Clock {
  /** @param {HTMLElement} element `[data-quiz-clock]` @param {() => void} onZero asked once each time that 0 is reached */
  constructor(element, onZero) {
    this.element = element;
    this.onZero = onZero;
    this.display = element.querySelector("[data-quiz-time]");
    this.note = element.querySelector("[data-quiz-time-note]");
    this.total = Number(element.dataset.totalMs) || 0;
    /** @type {number | null} ms left at `since`; null: no limit */
    this.remaining = element.dataset.remainingMs ? Number(element.dataset.remainingMs) : null;
    this.since = performance.now();
    this.paused = element.dataset.state === "paused";
    this.rung = false;
    this.before = this.left() ?? Infinity;
    this.hideable();
    this.tick();
    setInterval(() => this.tick(), 250);
  }

  /** Milliseconds left, null without a limit. */
  left() {
    if (this.remaining === null) return null;
    return Math.max(0, this.remaining - (this.paused ? 0 : performance.now() - this.since));
  }

  /** What the server says now. @param {{remaining_ms: number | null, state: string}} facts @param {number} asked when the question left */
  set(facts, asked) {
    const known = this.left();
    const now = performance.now();
    this.remaining = facts.remaining_ms;
    // The answer was made about half-way between question and arrival.
    this.since = now - (now - asked) / 2;
    this.paused = facts.state === "paused";
    const left = this.left();
    if (left !== null && known !== null && left > known + 5000) this.longer(left);
    if (left) this.rung = false;
    this.tick();
  }

  /** Time was added. @param {number} left */
  longer(left) {
    this.before = left;
    this.total = Math.max(this.total, left);
    this.say(text(this.element, "extended", { time: this.words(left) }));
  }

  tick() {
    const left = this.left();
    this.element.hidden = left === null && !this.paused;
    if (left === null) return;
    if (this.display) this.display.textContent = digits(left);
    this.element.classList.toggle("soon", left <= 5 * 60_000);
    this.thresholds(left);
    this.before = left;
    if (left > 0 || this.rung || this.paused) return;
    this.rung = true;
    this.onZero();
  }

  /** @param {number} left */
  thresholds(left) {
    const passed = (limit) => this.before > limit && left <= limit && left > 0;
    const minute = MINUTES.find((minutes) => passed(minutes * 60_000) && this.total > minutes * 60_000);
    if (minute) this.say(text(this.element, "left", { time: this.words(minute * 60_000) }));
    else if (this.total && passed(this.total / 2)) this.say(text(this.element, "half", { time: this.words(this.total / 2) }));
  }

  /** Shown beside the clock and read out. @param {string} sentence */
  say(sentence) {
    if (this.note) this.note.textContent = sentence;
    announce(sentence);
  }

  /** @param {number} ms "25 minutes", in the page's language. */
  words(ms) {
    const seconds = Math.round(ms / 1000);
    const unit = seconds < 60 ? ["second", seconds] : ["minute", Math.round(seconds / 60)];
    const format = { style: "unit", unit: unit[0], unitDisplay: "long" };
    return new Intl.NumberFormat(document.documentElement.lang || undefined, format).format(unit[1]);
  }

  /** The button that hides the digits; the choice is kept for the next quiz. */
  hideable() {
    const button = this.element.querySelector("[data-quiz-hide]");
    if (!(button instanceof HTMLButtonElement) || !this.display) return;
    const show = (hidden) => {
      this.display.hidden = hidden;
      button.textContent = text(button, hidden ? "show" : "hide");
    };
    button.hidden = false;
    show(remembered() === "hidden");
    button.addEventListener("click", () => {
      show(!this.display.hidden);
      remember(this.display.hidden ? "hidden" : "shown");
    });
  }
}

const HIDDEN = "rendu:quiz-clock";

function remembered() {
  try {
    return localStorage.getItem(HIDDEN);
  } catch {
    return null;
  }
}

/** @param {string} choice */
function remember(choice) {
  try {
    localStorage.setItem(HIDDEN, choice);
  } catch {
    // Not kept for the next page; this one has it.
  }
}

/** @param {number} ms 41:07, or 1:02:03; rounded up, so that 0:00 is the end. */
function digits(ms) {
  const seconds = Math.ceil(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** Calls `ask` every minute and when the page or the network comes back. @param {() => void} ask */
export function keepInStep(ask) {
  // A hall that has started in one second must not ask in one second for an hour.
  setInterval(ask, RESYNC * (0.8 + 0.2 * Math.random()));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask());
  window.addEventListener("online", ask);
  window.addEventListener("pageshow", (event) => event.persisted && ask());
  ask();
}
