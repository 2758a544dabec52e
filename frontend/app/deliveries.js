/** @import {ChannelDeliveries, Delivery} from '../types/model' */
/** @import {Badge} from './status.js' */

/** @type {Record<Delivery['status'], Badge>} */
const DELIVERY_BADGES = {
  sent: { key: 'ok', label: 'Sent' },
  pending: { key: 'pending', label: 'Pending' },
  failed: { key: 'failed', label: 'Failed' },
};

/** @param {Delivery} delivery */
export function badgeOfDelivery({ status }) {
  return DELIVERY_BADGES[status];
}

/** @type {Record<string, string>} */
const CHANNELS = {
  email: 'E-mail',
  webhook: 'Webhook',
  slack: 'Slack',
  teams: 'Microsoft Teams',
  discord: 'Discord',
  pagerduty: 'PagerDuty',
};

/** @param {{channel: string}} delivery */
export function channelOf({ channel }) {
  return CHANNELS[channel] ?? channel;
}

/**
 * Describes the deliveries on one channel: the worst status, and how many have it if there are several.
 * @param {ChannelDeliveries} deliveries
 */
export function describeDeliveries(deliveries) {
  const { channel, sent, failed, pending, answer = '' } = deliveries;
  const key = failed ? 'failed' : pending ? 'pending' : 'ok';
  const counts = [
    failed ? `${failed} failed` : '',
    pending ? `${pending} pending` : '',
    sent ? `${sent} sent` : '',
  ].filter(Boolean);
  return { channel, key, text: `${channelOf(deliveries)}: ${counts.join(', ')}`, answer };
}
