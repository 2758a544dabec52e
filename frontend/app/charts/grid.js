/** @import {Outputs, Stats} from '../../types/model' */

/** Buckets of equal length; times in seconds since 1970. @typedef {{from: number, to: number, step: number}} Grid */

/** @param {Stats} stats @returns {Grid} */
export function gridOf({ from, to, buckets }) {
  const step = buckets.length > 1 ? secondsOf(buckets[1].start) - secondsOf(buckets[0].start) : 0;
  return { from: secondsOf(from), to: secondsOf(to), step: step || secondsOf(to) - secondsOf(from) };
}

/** @param {Outputs} outputs @returns {Grid} */
export function gridOfOutputs({ from, to, step }) {
  return { from: secondsOf(from), to: secondsOf(to), step };
}

/**
 * Returns the number of the bucket that contains a time.
 * @param {Grid} grid
 * @param {number} time milliseconds since 1970
 */
export function bucketAt({ from, step }, time) {
  return Math.floor((time / 1000 - from) / step);
}

/**
 * Returns the limits of a bucket, in milliseconds since 1970.
 * @param {Grid} grid
 * @param {number} index
 */
export function limitsOfBucket({ from, to, step }, index) {
  return { from: (from + index * step) * 1000, to: Math.min(from + (index + 1) * step, to) * 1000 };
}

/**
 * Returns the points of the buckets with checks.
 * @param {Stats} stats
 */
export function pointsOfStats(stats) {
  return pointsOf(
    gridOf(stats),
    stats.buckets.map(({ ok, error, failed }) => ok + error + failed > 0),
  );
}

/**
 * Returns the points of the buckets with values, each in the middle of its bucket. Where buckets are more than three times
 * farther apart than usual, there were no checks in between: a point without values makes a gap in the line.
 * @param {Grid} grid
 * @param {boolean[]} hasValues for each bucket
 */
export function pointsOf({ from, to, step }, hasValues) {
  const found = hasValues.flatMap((has, i) => (has ? [i] : []));
  const distances = found.map((bucket, i) => (i ? bucket - found[i - 1] : 0));
  const usual = distances.slice(1).sort((a, b) => a - b)[Math.floor((distances.length - 1) / 2)] ?? 0;
  /** @type {(number | null)[]} */
  const buckets = found.flatMap((bucket, i) => (distances[i] > 3 * usual ? [null, bucket] : [bucket]));
  const middle = (/** @type {number} */ bucket) => Math.min(from + (bucket + 0.5) * step, to);
  // A gap is right after the previous point.
  const times = buckets.map((bucket, i) => (bucket === null ? middle(buckets[i - 1] ?? 0) + step / 4 : middle(bucket)));
  const pick = (/** @type {readonly (number | null)[]} */ values) =>
    buckets.map((bucket) => (bucket === null ? null : values[bucket]));
  return { times, pick };
}

/** @param {string} date RFC 3339 */
function secondsOf(date) {
  return Date.parse(date) / 1000;
}
