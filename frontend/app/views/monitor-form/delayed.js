/** How long an input must be unchanged before the API checks it, in milliseconds. */
const PAUSE = 300;

/**
 * Has the API check an input while it is typed. Responses about earlier inputs are ignored.
 * @template I, R
 * @param {(input: I) => Promise<R>} check
 * @param {(response: R) => void} onResponse
 */
export function newDelayedCheck(check, onResponse) {
  /** Counts the checks, to recognize responses to earlier ones. */
  let latest = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  return {
    /** @param {() => I} read returns the input at the time of the check */
    schedule(read) {
      this.stop();
      const number = latest;
      timer = setTimeout(async () => {
        const response = await check(read());
        if (number === latest) {
          onResponse(response);
        }
      }, PAUSE);
    },

    stop() {
      latest++;
      clearTimeout(timer);
    },
  };
}
