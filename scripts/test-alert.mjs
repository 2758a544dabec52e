// Has a running NanoMon send a test message by every channel, and shows what each server answered. API_ENDPOINT says where its API is.
const endpoint = (process.env.API_ENDPOINT || `http://localhost:${process.env.API_PORT || 8000}/api`).replace(
  /\/+$/,
  '',
);

/** @param {string} text */
function fail(text) {
  console.error(text);
  process.exit(1);
}

const response = await fetch(`${endpoint}/alerts/test`, { method: 'POST' }).catch(() =>
  fail(`No NanoMon answers at ${endpoint}: start it with ./scripts/just run, or set API_ENDPOINT.`),
);
const answer = await response?.json().catch(() => null);
if (!response?.ok || !answer) {
  fail(`The API answered ${response?.status}: ${answer?.detail ?? 'not the API of NanoMon'}`);
}
/** @type {{channel: string, to: string, fate: string, answer: string}[]} */
const deliveries = answer.deliveries;
if (deliveries.length === 0) {
  fail(
    'No channel is set up: set ALERT_SMTP_FROM and ALERT_SMTP_TO, or another of those in docs/notifications.md, and start the runner again.',
  );
}
for (const { channel, to, fate, answer: said } of deliveries) {
  console.log(`${channel} to ${to}: ${fate}. ${said}`);
}
process.exitCode = deliveries.every(({ fate }) => fate === 'sent') ? 0 : 1;
