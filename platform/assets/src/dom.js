/** Small helpers that every part shares. */

/** Runs `start` once for each element under `root` (or `root` itself) that matches, however often it is called.
 * @param {ParentNode} root @param {string} selector @param {(element: any) => void} start */
export function each(root, selector, start) {
  const found = [...root.querySelectorAll(selector)];
  if (root instanceof Element && root.matches(selector)) found.unshift(root);
  for (const element of found) {
    const done = (element.renduStarted ??= new Set());
    if (done.has(selector)) continue;
    done.add(selector);
    start(element);
  }
}

/** The token that Django asks of unsafe requests. The cookie first: a sign-in in another tab changes it, and only the
 * cookie follows; where scripts may not read it, the page's meta tag or a form's hidden input. */
export function csrfToken() {
  const cookie = /(?:^|;\s*)(?:__Host-|__Secure-)?csrftoken=([^;]*)/.exec(document.cookie)?.[1];
  if (cookie) return cookie;
  const meta = document.querySelector("meta[name=csrf-token]")?.getAttribute("content");
  const input = document.querySelector("input[name=csrfmiddlewaretoken]");
  return meta || (input instanceof HTMLInputElement ? input.value : "");
}

/** A translated text that the page carries as `data-text-NAME`, with `{key}` filled in; empty when it has none.
 * @param {Element|null} element @param {string} name @param {Record<string, string>} [values] */
export function text(element, name, values = {}) {
  const pattern = element?.getAttribute(`data-text-${name}`) ?? document.body.getAttribute(`data-text-${name}`) ?? "";
  return pattern.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** The time of day in the course's zone, as the server writes it, for example "14:02". @param {Date} [date] */
export function clock(date = new Date()) {
  const { lang, dataset } = document.documentElement;
  const timeZone = dataset.timeZone || undefined;
  return date.toLocaleTimeString(lang || undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });
}

/** Says a sentence to screen readers, without moving the focus. @param {string} sentence */
export function announce(sentence) {
  let region = document.getElementById("announcer");
  if (!region) {
    region = document.createElement("div");
    region.id = "announcer";
    region.className = "visually-hidden";
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  region.textContent = sentence;
}

/** Milliseconds before the next try: 1, 2, 4 … 30 s, each up to a fifth shorter or longer so that a hall of browsers
 * does not come back in one beat after an outage. @param {number} failures how many tries failed so far */
export function backoff(failures) {
  return Math.min(30_000, 1000 * 2 ** Math.max(0, failures - 1)) * (0.8 + 0.4 * Math.random());
}
