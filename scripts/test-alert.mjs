// Makes a running NanoMon send a test notification through every channel, and prints the response of each server.
// API_ENDPOINT is the URL of its API.
const endpoint = (process.env.API_ENDPOINT || `http://localhost:${process.env.API_PORT || 8000}/api`).replace(
  /\/+$/,
  '',
);

/** @param {string} text */
function fail(text) {
  console.error(text);
  process.exit(1);
}

const response = await fetch(`${endpoint}/notifications/test`, { method: 'POST' }).catch(() =>
  fail(`NanoMon does not respond at ${endpoint}: start it with ./scripts/just run, or set API_ENDPOINT.`),
);
const body = await response?.json().catch(() => null);
if (!response?.ok || !body) {
  fail(`The API responded with ${response?.status}: ${body?.detail ?? 'this is not the API of NanoMon'}`);
}
/** @type {{channel: string, to: string, status: string, answer: string}[]} */
const deliveries = body.deliveries;
if (deliveries.length === 0) {
  fail(
    'No channel is configured: set ALERT_SMTP_FROM and ALERT_SMTP_TO, or the settings of another channel in docs/notifications.md, and restart the runner.',
  );
}
for (const { channel, to, status, answer } of deliveries) {
  console.log(`${channel} to ${to}: ${status}. ${answer}`);
}
process.exitCode = deliveries.every(({ status }) => status === 'sent') ? 0 : 1;
