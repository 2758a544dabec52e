/** @import {Incident} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import Alpine from '../../lib/alpine.js';
import { periodOf } from '../../incidents.js';
import { heatmapPanel } from './heatmap.js';
import { incidentList } from './incident-list.js';
import { latencyPanel } from './latency.js';
import { outputPanel } from './outputs.js';
import { rangeBar } from '../../range/range-bar.js';
import { monitorRange } from '../../range/range.js';
import { rangeStatistics } from './statistics.js';
import { uptimePanel } from './uptime.js';

/**
 * The range, and the parts of the view that show it: uptime, charts and incidents. They share the statistics of the range.
 * @param {App} app
 * @param {string} id
 * @param {URLSearchParams} params of the address
 */
export function rangePanels(app, id, params) {
  const { api } = app;
  const range = Alpine.reactive(monitorRange(api, params));
  const bar = Alpine.reactive(rangeBar(range));
  const statistics = Alpine.reactive(rangeStatistics(api, id, range));
  const uptime = Alpine.reactive(uptimePanel(api, id, range, statistics));
  const outputs = Alpine.reactive(outputPanel(api, id, range, statistics));
  const latency = Alpine.reactive(latencyPanel(range, statistics, outputs, params));
  const heatmap = Alpine.reactive(heatmapPanel(app, id, (from, to) => range.set({ choice: '', custom: { from, to } })));
  const incidents = Alpine.reactive(incidentList(app, id, range));

  statistics.onRead = () => {
    uptime.takeOver();
    latency.draw();
    outputs.follow();
  };
  outputs.wanted = () => latency.showsPhases;
  outputs.onRead = () => latency.draw();

  return {
    range,
    bar,
    statistics,
    uptime,
    outputs,
    latency,
    heatmap,
    incidents,

    init() {
      outputs.init();
      incidents.init();
      heatmap.init();
      // The chart first: the other figures are less important.
      statistics.init().then(() => uptime.init());
      if (latency.showsPhases) {
        outputs.want();
      }
    },

    destroy() {
      bar.destroy();
      uptime.destroy();
      statistics.destroy();
      outputs.destroy();
      latency.destroy();
      heatmap.destroy();
    },

    /**
     * Sets the range around an incident, if the address has no range.
     * @param {Incident | null} incident
     */
    show(incident) {
      if (incident && range.isDefault) {
        range.set({ choice: '', custom: periodOf(incident, api.now()) }, true);
      }
    },

    /** Loads what depends on the range. */
    load() {
      statistics.load();
      incidents.load();
    },

    /** Reads what new results change, after a while. */
    refresh() {
      statistics.refresh();
      uptime.refresh();
    },
  };
}
