/** How many monitors can be compared. */
const MIN_MONITORS = 2;
export const MAX_MONITORS = 6;

/**
 * Returns the address of the compare view.
 * @param {Iterable<string>} ids of monitors
 */
export function comparisonAddress(ids) {
  return `#compare?monitors=${[...ids].join(',')}`;
}

/**
 * Returns why a number of monitors can't be compared; empty if it can.
 * @param {number} count
 */
export function comparisonProblem(count) {
  return count < MIN_MONITORS || count > MAX_MONITORS
    ? `Select ${MIN_MONITORS} to ${MAX_MONITORS} monitors to compare them.`
    : '';
}
