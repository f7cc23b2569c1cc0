/** The end: handing in, by the student or by the clock, and the page afterwards. */
import { csrfToken } from "./dom.js";
import { canonical } from "./quiz-answers.js";
import { Outbox } from "./quiz-outbox.js";
import { numbers } from "./quiz-view.js";

const SPREAD = 3000; // ms
const pause = (delay) => new Promise((resolve) => setTimeout(resolve, delay));

/** Hands the attempt in, with the answers that still wait. Tries until the server has said so.
 * @param {import("./quiz.js").Quiz} quiz @param {HTMLFormElement | null} [form] the pressed one */
export async function handIn(quiz, form = null) {
  if (quiz.handing) return;
  quiz.handing = true;
  form?.querySelector("button")?.setAttribute("aria-disabled", "true");
  for (let failures = 0; !quiz.over; failures += 1) {
    await Promise.race([quiz.sync.pump(), pause(3000)]);
    if (quiz.over) return;
    const answer = await post(quiz);
    if (answer && answer.state !== "paused") return handedIn(quiz, answer);
    quiz.saved.box("not-submitted", !answer);
    await pause(Math.min(10_000, 1000 * 2 ** failures));
  }
}

/** @param {import("./quiz.js").Quiz} quiz @returns {Promise<{saved: string[], state: string} | null>} null: not now */
async function post(quiz) {
  const answers = quiz.outbox.waiting().map(([key, entry]) => ({ key, response: entry.response, flagged: entry.flagged }));
  const body = new URLSearchParams({ answers: JSON.stringify(answers), tab: quiz.sync.tab, sequence: String(quiz.sync.seen) });
  try {
    const response = await fetch(quiz.root.dataset.submit ?? "", {
      method: "POST", body, credentials: "same-origin", redirect: "manual", signal: AbortSignal.timeout(15_000),
      headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
    });
    if (response.type === "opaqueredirect" || response.status === 403) quiz.saved.show("signed-out");
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** @param {import("./quiz.js").Quiz} quiz @param {{saved: string[]}} answer */
function handedIn(quiz, { saved }) {
  for (const [key, entry] of quiz.outbox.waiting()) if (saved.includes(key)) quiz.outbox.drop(key, entry.stamp);
  quiz.ended();
}

/** 0:00 on this page: what does the server say? @param {import("./quiz.js").Quiz} quiz */
export async function timeUp(quiz) {
  for (let failures = 0; !quiz.over; failures += 1) {
    const facts = await quiz.ask();
    if (quiz.over || (facts && (facts.state === "paused" || facts.remaining_ms === null || facts.remaining_ms > 0))) return;
    quiz.saved.box("time-up", true);
    for (const question of quiz.questions) question.disabled = true;
    if (facts) {
      // A hall that has started together ends together: answers go at once, the handing in within some seconds.
      await Promise.race([quiz.sync.pump(), pause(3000)]);
      await pause(SPREAD * Math.random());
      return handIn(quiz);
    }
    await pause(Math.min(5000, 1000 * 2 ** failures));
  }
}

/** The page after the end: names answers that never arrived. @param {HTMLElement} root */
export function startEnd(root) {
  const outbox = new Outbox(root.dataset.quiz ?? "");
  const sequences = JSON.parse(root.dataset.sequences ?? "{}");
  for (const [key, entry] of outbox.all()) {
    const arrived = (sequences[key] ?? 0) > entry.base && entry.tried.includes(canonical(entry.response));
    if (arrived) outbox.drop(key, entry.stamp);
  }
  const left = outbox.all();
  const box = root.querySelector('[data-quiz-box="over"]');
  if (!left.length || !(box instanceof HTMLElement)) return;
  const list = box.querySelector("[data-quiz-late]");
  if (list) list.textContent = numbers(left.map(([key]) => key));
  box.hidden = false;
  box.querySelector("[data-quiz-forget]")?.addEventListener("click", () => {
    for (const [key, entry] of left) outbox.drop(key, entry.stamp);
    box.hidden = true;
  });
}

