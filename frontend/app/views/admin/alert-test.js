/** @import {Delivery} from '../../../types/model' */
/** @import {AdminApi} from './admin-api.js' */
import { messageOf } from '../../api.js';
import { badgeOfDelivery, channelOf } from '../../format.js';

/**
 * Sending a test message by every channel.
 * @param {AdminApi} api
 */
export function alertTest(api) {
  return {
    busy: false,
    error: '',
    summary: '',
    hasNone: false,
    /** @type {readonly Delivery[]} */
    deliveries: [],

    async send() {
      this.busy = true;
      this.error = this.summary = '';
      this.hasNone = false;
      this.deliveries = [];
      try {
        const { deliveries } = await api.testAlert();
        this.deliveries = Object.freeze(deliveries);
        this.hasNone = deliveries.length === 0;
        this.summary = summarize(deliveries);
      } catch (error) {
        this.error = messageOf(error);
      } finally {
        this.busy = false;
      }
    },

    badge: badgeOfDelivery,
    channel: channelOf,
  };
}

/** @param {Delivery[]} deliveries */
function summarize(deliveries) {
  const sent = deliveries.filter((delivery) => delivery.status === 'sent').length;
  return deliveries.length
    ? `Sent to ${sent} of ${deliveries.length === 1 ? '1 recipient' : `${deliveries.length} recipients`}.`
    : 'No channel is set up, so nothing was sent.';
}
