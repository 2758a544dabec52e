/**
 * Makes a function that runs work, never twice at a time: calls during a run cause one more run after it.
 * @param {() => Promise<void>} work
 * @returns {() => Promise<void>} done when nothing is left to do
 */
export function coalesce(work) {
  /** @type {Promise<void> | null} */
  let running = null;
  let again = false;
  const loop = async () => {
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      running = null;
    }
  };
  return () => {
    again = true;
    running ??= loop();
    return running;
  };
}
