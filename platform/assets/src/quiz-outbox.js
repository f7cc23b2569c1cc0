/** Answers that the server has not confirmed yet: the newest of each question, kept in this browser until it has.
 *
 * localStorage, because it is written before the next line runs: a tab that is closed or killed a moment after a click
 * loses nothing. All tabs of the browser share it; whoever reaches the server first delivers.
 *
 * An entry is based on what its page had seen of that question (`base`, the server's sequence). At the next visit it
 * is sent only if the server's answer has not moved since; else the server's stays and the person is asked (`held`). */

/** @typedef {{response: any, flagged: boolean, base: number, stamp: string, at: number, tried: string[],
 *   held?: "newer" | "refused" | "late"}} Entry */

export class Outbox {
  /** @param {string} attempt */
  constructor(attempt) {
    this.prefix = `rendu:quiz:${attempt}:`;
    /** What storage did not take (full, or switched off): lives as long as the page. @type {Map<string, Entry>} */
    this.memory = new Map();
  }

  /** Every entry, oldest first. @returns {[string, Entry][]} */
  all() {
    const found = new Map(this.memory);
    try {
      for (let i = 0; i < localStorage.length; i += 1) {
        const name = localStorage.key(i) ?? "";
        if (!name.startsWith(this.prefix)) continue;
        const entry = parsed(localStorage.getItem(name));
        if (entry) found.set(name.slice(this.prefix.length), entry);
      }
    } catch {
      // Storage is off: only what this page holds.
    }
    return [...found].sort(([, a], [, b]) => a.at - b.at);
  }

  /** Those that wait for the server. @returns {[string, Entry][]} */
  waiting() {
    return this.all().filter(([, entry]) => !entry.held);
  }

  /** Those that the server did not take, for this reason. @param {string} reason @returns {[string, Entry][]} */
  held(reason) {
    return this.all().filter(([, entry]) => entry.held === reason);
  }

  /** @param {string} key @returns {Entry | undefined} */
  get(key) {
    return this.all().find(([name]) => name === key)?.[1];
  }

  /** @param {string} key @param {Entry} entry */
  put(key, entry) {
    try {
      localStorage.setItem(this.prefix + key, JSON.stringify(entry));
      this.memory.delete(key);
    } catch {
      this.memory.set(key, entry);
    }
  }

  /** Forgets an entry, unless a newer one (with another stamp) has taken its place. @param {string} key @param {string} stamp */
  drop(key, stamp) {
    if (this.get(key)?.stamp !== stamp) return;
    this.memory.delete(key);
    try {
      localStorage.removeItem(this.prefix + key);
    } catch {
      // As above.
    }
  }
}

/** @param {string | null} text @returns {Entry | null} */
function parsed(text) {
  try {
    const entry = JSON.parse(text ?? "null");
    return entry && typeof entry.stamp === "string" && Array.isArray(entry.tried) ? entry : null;
  } catch {
    return null; // not ours
  }
}

/** Short and random, one per page load or change. */
export const token = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => n.toString(16).padStart(2, "0")).join("");
