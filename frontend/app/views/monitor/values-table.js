/** @import {Bucket, Stats} from '../../../types/model' */
/** @import {Columns} from '../../charts/table.js' */
import { hasChecks } from '../../charts/table.js';
import { formatNumber, formatValue } from '../../format.js';
import { PHASES } from './drawings.js';

/**
 * The response times.
 * @param {Stats} stats
 * @param {string} unit
 * @returns {Columns}
 */
export function valuesTable({ buckets }, unit) {
  return {
    columns: ['p50', 'p95', 'Checks'],
    textsOf(i) {
      const { p50, p95 } = buckets[i];
      return hasChecks(buckets[i]) ? [formatValue(p50, unit), formatValue(p95, unit), countsText(buckets[i])] : null;
    },
  };
}

/**
 * @param {(number | null)[][]} phases from DNS to read
 * @returns {Columns}
 */
export function phasesTable(phases) {
  return {
    columns: PHASES.map(({ name }) => name),
    textsOf: (i) => (phases[0][i] === null ? null : phases.map((phase) => formatValue(phase[i], 'ms'))),
  };
}

/** @param {Pick<Bucket, 'ok' | 'error' | 'failed'>} counts */
export function countsText({ ok, error, failed }) {
  return `${formatNumber(ok)} OK, ${formatNumber(error)} error, ${formatNumber(failed)} failed`;
}
