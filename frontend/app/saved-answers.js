/** How long a saved answer may be used, in milliseconds. */
const MAX_AGE = 7 * 86_400_000;
/** The maximum number of saved answers. */
const MAX_ANSWERS = 50;
/** The maximum size of a saved answer, in bytes. */
const MAX_SIZE = 8_000_000;
/** The header with the date of a saved answer. */
const SAVED = 'NanoMon-Saved';
/**
 * The requests whose answers are saved: the list of monitors, and what the monitor view shows. None of these answers
 * contains the definition of a monitor, which may contain secrets.
 */
const PATHS = [
  /^\/monitors\?include=brief/,
  /^\/monitors\/\w+\?include=brief/,
  /^\/monitors\/\w+\/(stats|outputs|days)\?/,
  /^\/monitors\/\w+\/pings$/,
  /^\/monitors\/\w+\/results\?(?!.*\bfrom=)/, // The start of a time range up to now is in no later request.
  /^\/monitor-types$/,
  /^\/incidents\?monitor=/,
];

/**
 * The latest answers of the API, in a cache of the browser. An answer is used only if there is no response. So an error of
 * the server is shown as usual, and nothing is used while the server responds.
 */
export class SavedAnswers {
  #name;
  #base;
  #fetch;
  /** Whether a saved answer may be used. While the API responds otherwise, a failed request is an error. */
  isUsed = () => true;
  /** Called with the path and the date of a saved answer that is used. @type {(path: string, savedAt: string) => void} */
  onUse = () => {};

  /**
   * @param {string} name of the cache
   * @param {string} base the address of the API
   * @param {(url: string, options: RequestInit) => Promise<Response>} fetch sends a request
   */
  constructor(name, base, fetch) {
    this.#name = name;
    this.#base = base.replace(/\/+$/, '');
    this.#fetch = fetch;
  }

  /**
   * Works like the global fetch.
   * @param {string} url
   * @param {RequestInit} options
   */
  fetch = async (url, options) => {
    const path = url.slice(this.#base.length);
    if (options.method || !PATHS.some((pattern) => pattern.test(path))) {
      return this.#fetch(url, options);
    }
    const saved = await this.#find(url).catch(() => null);
    const headers = new Headers(options.headers);
    const hasAnswer = headers.has('If-None-Match');
    if (!saved) {
      headers.delete('If-None-Match'); // Without a condition, there is an answer to save.
    }
    let response;
    try {
      response = await this.#fetch(url, { ...options, headers });
    } catch (error) {
      if (!saved || hasAnswer || !this.isUsed()) {
        throw error; // The answer that the page has is at least as new as the saved one.
      }
      this.onUse(path, saved.headers.get(SAVED) ?? '');
      return saved;
    }
    if (response.status === 200) {
      this.#save(url, response.clone()).catch(() => {}); // No space, or the browser forbids it.
    }
    return response;
  };

  /** @param {string} url */
  async #find(url) {
    const cache = await caches.open(this.#name);
    const saved = await cache.match(url);
    const age = Date.now() - Date.parse(saved?.headers.get(SAVED) ?? '');
    if (saved && !(age < MAX_AGE)) {
      await cache.delete(url);
      return null;
    }
    return saved ?? null;
  }

  /**
   * @param {string} url
   * @param {Response} response
   */
  async #save(url, response) {
    const body = await response.blob();
    if (body.size > MAX_SIZE) {
      return;
    }
    // Without the date of the server, from which the page would conclude that its own clock is wrong.
    const headers = new Headers({ [SAVED]: new Date().toISOString() });
    for (const name of ['Content-Type', 'ETag', 'Link']) {
      headers.set(name, response.headers.get(name) ?? '');
    }
    const cache = await caches.open(this.#name);
    await cache.delete(url);
    await cache.put(url, new Response(body, { headers }));
    const requests = await cache.keys(); // the oldest first
    await Promise.all(requests.slice(0, -MAX_ANSWERS).map((request) => cache.delete(request)));
  }
}
