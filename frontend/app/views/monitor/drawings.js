/** @import {Outputs, OutputSeries, Stats} from '../../../types/model' */
/** @import {Drawing} from '../../charts/chart.js' */
/** @import {Threshold} from '../../charts/thresholds.js' */
import { gridOf, gridOfOutputs, pointsOf, pointsOfStats } from '../../charts/grid.js';

/** The phases of an HTTP check from the bottom of the chart to its top: the output, if one has it, and the name. */
export const PHASES = /** @type {const} */ ([
  { output: 'dnsTime', name: 'DNS', colour: 'phase-dns' },
  { output: 'connectTime', name: 'Connect', colour: 'phase-connect' },
  { output: 'tlsTime', name: 'TLS', colour: 'phase-tls' },
  { output: 'firstByteTime', name: 'Wait', colour: 'phase-wait' },
  { output: '', name: 'Read', colour: 'phase-read' },
]);
/** The output with the time of all phases. */
const TOTAL = 'respTime';
/** The opacity of the area of a phase, and of the area between minimum and maximum. */
const PHASE_AREA = 0.65;
const RANGE_AREA = 0.18;

/**
 * The response time: median and 95th percentile of each bucket.
 * @param {Stats} stats
 * @param {string} unit
 * @param {readonly Threshold[]} thresholds
 * @returns {Drawing}
 */
export function latencyDrawing(stats, unit, thresholds) {
  const { buckets, periods } = stats;
  const { times, pick } = pointsOfStats(stats);
  const series = [
    { values: pick(buckets.map(({ p50 }) => p50)), colour: 'chart-1' },
    { values: pick(buckets.map(({ p95 }) => p95)), colour: 'chart-2', dash: [6, 4] },
  ];
  return { ...gridOf(stats), times, series, unit, periods, thresholds };
}

/**
 * Returns the averages of the phases of each bucket, from DNS to read; null if the outputs do not contain all of them, or in a
 * bucket without a response.
 * @param {Outputs | null} outputs
 * @returns {(number | null)[][] | null}
 */
export function phasesOf(outputs) {
  const find = (/** @type {string} */ name) => outputs?.outputs.find((output) => output.name === name)?.avg;
  const total = find(TOTAL);
  const parts = PHASES.flatMap(({ output }) => (output ? [find(output)] : []));
  if (!total || parts.some((part) => !part)) {
    return null;
  }
  const known = parts.map((part) => total.map((time, i) => (time === null ? null : (part?.[i] ?? 0))));
  const rest = total.map((time, i) =>
    time === null ? null : Math.max(0, time - known.reduce((sum, part) => sum + (part[i] ?? 0), 0)),
  );
  return [...known, rest];
}

/**
 * The phases of an HTTP check as areas on top of each other.
 * @param {Outputs} outputs
 * @param {(number | null)[][]} phases
 * @param {Stats['periods']} periods
 * @param {readonly Threshold[]} thresholds
 * @returns {Drawing}
 */
export function phaseDrawing(outputs, phases, periods, thresholds) {
  const grid = gridOfOutputs(outputs);
  const { times, pick } = pointsOf(
    grid,
    phases[0].map((value) => value !== null),
  );
  const sums = phases.map((_, last) =>
    phases[0].map((value, i) =>
      value === null ? null : phases.slice(0, last + 1).reduce((sum, phase) => sum + (phase[i] ?? 0), 0),
    ),
  );
  const series = PHASES.map(({ colour }, i) => ({ values: pick(sums[i]), colour, area: PHASE_AREA })).reverse();
  return { ...grid, times, series, unit: 'ms', periods, thresholds };
}

/**
 * An output: the average of each bucket, and the area between minimum and maximum.
 * @param {Outputs} outputs
 * @param {OutputSeries} output
 * @param {Stats['periods']} periods
 * @returns {Drawing}
 */
export function outputDrawing(outputs, output, periods) {
  const grid = gridOfOutputs(outputs);
  const { times, pick } = pointsOf(
    grid,
    output.avg.map((value) => value !== null),
  );
  const series = [
    { values: pick(output.max), colour: 'chart-1', area: RANGE_AREA, isHidden: true },
    { values: pick(output.min), colour: 'chart-1', isHidden: true },
    { values: pick(output.avg), colour: 'chart-1' },
  ];
  const thresholds = outputs.thresholds.filter((one) => one.output === output.name).map(thresholdOf);
  return { ...grid, times, series, unit: output.unit, periods, thresholds };
}

/** @param {Outputs['thresholds'][number]} threshold @returns {Threshold} */
export function thresholdOf({ output, operator, value }) {
  return { label: `${output} ${operator} ${value}`, value };
}
