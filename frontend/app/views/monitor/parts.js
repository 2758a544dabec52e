import { loadParts } from '../../parts.js';
import { loadHeatmap } from './heatmap.js';

/** Loads the parts of the view that have their own files. Rejects if the server does not answer. */
export async function loadMonitorParts() {
  await Promise.all([loadParts('monitor/notifications', 'monitor/push'), loadHeatmap()]);
}
