/**
 * Returns a function that runs work, but never twice at the same time. Calls during a run cause one more run after it.
 * The function's promise resolves after the last run.
 * @param {() => Promise<void>} work
 * @returns {() => Promise<void>}
 */
export function coalesce(work) {
  /** @type {Promise<void> | null} */
  let running = null;
  let pending = false;
  const loop = async () => {
    try {
      do {
        pending = false;
        await work();
      } while (pending);
    } finally {
      running = null;
    }
  };
  return () => {
    pending = true;
    running ??= loop();
    return running;
  };
}
