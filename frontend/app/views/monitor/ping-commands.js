/** @import {Monitor} from '../../../types/model' */

/**
 * Commands that send pings. The text contains the ping URL.
 * @typedef {{name: string, hint: string, text: string}} Commands
 */

const CURL = 'curl -fsS -m 10 --retry 5 --retry-connrefused -o /dev/null';
const WGET = 'wget -q -T 10 -t 5 --retry-connrefused --retry-on-http-error=429,503 -O /dev/null';
const FOR_SCRIPTS =
  'For a script: reports the start of a run, and its end with the exit status of the job. The start may be left out.';
const SCRIPT = '/path/to/backup.sh';
const DAILY = '0 2 * * *';
const SHORT_FORMS = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/**
 * Returns the commands to paste for a push monitor.
 * @param {Pick<Monitor, 'target' | 'properties'>} monitor
 * @param {string} url the ping URL, or a placeholder
 * @returns {Commands[]}
 */
export function commandsOf({ target, properties }, url) {
  const zone = properties.zone || 'UTC';
  const expression = crontabSchedule(target) || DAILY;
  const adjust = crontabSchedule(target) ? '' : ' Cron has no equal schedule: adjust the times.';
  return [
    {
      name: 'curl',
      hint: FOR_SCRIPTS,
      text: script(CURL, url),
    },
    {
      name: 'wget',
      hint: `${FOR_SCRIPTS} Needs GNU Wget, not the one of BusyBox.`,
      text: script(WGET, url),
    },
    {
      name: 'PowerShell',
      hint: 'For a script: reports the start of a run, and whether it has succeeded. The start may be left out. Also for Windows PowerShell 5.1.',
      text: powerShell(url),
    },
    {
      name: 'crontab',
      hint: `A line for crontab -e. crontab uses the time zone of the machine; this monitor uses ${zone}.${adjust}`,
      text: `${expression} ${CURL} ${url}/start; ${SCRIPT}; ${CURL} ${url}/$?`,
    },
    {
      name: 'systemd',
      hint: 'A service and a timer: two files in /etc/systemd/system. Protect the first one: it contains the ping URL. Then run systemctl enable --now backup.timer.',
      text: systemd(target, zone, url),
    },
    {
      name: 'Kubernetes',
      hint: `A Secret with the ping URL, and a CronJob. The image needs a shell and curl.${adjust}`,
      text: cronJob(expression, zone, url),
    },
  ];
}

/**
 * @param {string} command
 * @param {string} url
 */
function script(command, url) {
  return [`url=${url}`, `${command} $url/start`, SCRIPT, `${command} $url/$?`].join('\n');
}

/** @param {string} url */
function powerShell(url) {
  return [
    `$url = '${url}'`,
    'function Send-Ping($end) {',
    '  foreach ($wait in 1, 2, 4, 8, 16, 0) {',
    '    try { Invoke-RestMethod -TimeoutSec 10 "$url$end" | Out-Null; return }',
    '    catch { Write-Warning "$_"; Start-Sleep $wait }',
    '  }',
    '}',
    "Send-Ping '/start'",
    '& C:\\path\\to\\backup.exe',
    "if ($LASTEXITCODE -eq 0) { Send-Ping '' } else { Send-Ping '/fail' }",
  ].join('\n');
}

/**
 * @param {string} target
 * @param {string} zone
 * @param {string} url
 */
function systemd(target, zone, url) {
  return `# backup.service
[Service]
Type=oneshot
ExecStartPre=-/usr/bin/${CURL} ${url}/start
ExecStart=${SCRIPT}
ExecStopPost=/bin/sh -c '[ "$$SERVICE_RESULT" = success ] || end=/fail; exec ${CURL} "${url}$$end"'

# backup.timer
[Timer]
${timerSchedule(target, zone)}

[Install]
WantedBy=timers.target`;
}

/**
 * @param {string} expression
 * @param {string} zone
 * @param {string} url
 */
function cronJob(expression, zone, url) {
  return `apiVersion: v1
kind: Secret
metadata:
  name: backup-ping
stringData:
  url: ${url}
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: backup
spec:
  schedule: "${expression}"
  timeZone: ${zone}
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: backup
              image: IMAGE
              command: [/bin/sh, -c]
              args:
                - |
                  ${CURL} $PING_URL/start
                  ${SCRIPT}
                  status=$?
                  ${CURL} $PING_URL/$status
                  exit $status
              env:
                - name: PING_URL
                  valueFrom:
                    secretKeyRef: { name: backup-ping, key: url }`;
}

/**
 * Returns the cron expression with five fields for a schedule; empty if there is none.
 * @param {string} target
 */
export function crontabSchedule(target) {
  const text = target.trim().replace(/\s+/g, ' ');
  const [, count, unit] = /^every (\d+)([mh])(?:0m)?(?:0s)?$/.exec(text) ?? [];
  const n = Number(count);
  if (unit === 'm' && 60 % n === 0) {
    return n === 1 ? '* * * * *' : n === 60 ? '0 * * * *' : `*/${n} * * * *`;
  }
  if (unit === 'h' && 24 % n === 0) {
    return n === 1 ? '0 * * * *' : n === 24 ? DAILY : `0 */${n} * * *`;
  }
  return /^every\b/.test(text) ? '' : (SHORT_FORMS.get(text.toLowerCase()) ?? text);
}

/**
 * Returns the lines of a systemd timer for a schedule.
 * @param {string} target
 * @param {string} zone
 */
export function timerSchedule(target, zone) {
  const period = /^every\s+(\S+)$/.exec(target.trim())?.[1];
  if (period) {
    return `OnActiveSec=1min\nOnUnitActiveSec=${period}`;
  }
  const calendar = calendarOf(crontabSchedule(target));
  const note = calendar ? '' : '# This expression has no equal one in systemd: adjust the time.\n';
  return `${note}OnCalendar=${calendar || '*-*-* 02:00:00'} ${zone}\nPersistent=true`;
}

/**
 * Converts a cron expression to a calendar event of systemd. Returns an empty text if there is none.
 * @param {string} expression with five fields
 */
function calendarOf(expression) {
  const [minute, hour = '', day = '', month = '', weekday = ''] = expression.split(' ');
  const fields = [rangesOf(month, 1), rangesOf(day, 1), rangesOf(hour, 0), rangesOf(minute, 0)];
  const isEither = !day.startsWith('*') && !weekday.startsWith('*'); // Cron takes either of them, systemd both.
  const days = weekday === '*' ? '' : weekdaysOf(weekday);
  if (isEither || days === null || fields.includes('')) {
    return '';
  }
  const [months, monthDays, hours, minutes] = fields;
  return `${days ? `${days} ` : ''}*-${months}-${monthDays} ${hours}:${minutes}:00`;
}

/**
 * Converts a field of numbers. Returns an empty text if it contains anything else.
 * @param {string} field
 * @param {number} first the smallest valid number
 */
function rangesOf(field, first) {
  if (!/^(\*|\d+(-\d+)?)(\/\d+)?(,\d+(-\d+)?(\/\d+)?)*$/.test(field)) {
    return '';
  }
  return field
    .split(',')
    .map((part) =>
      part
        .replace(/^\*\//, `${first}/`)
        .replace('-', '..')
        .replace(/^\d+(\.\.\d+)?/, (range) => range.replace(/\d+/g, (number) => number.padStart(2, '0'))),
    )
    .join(',');
}

/**
 * Converts a field of weekdays. Returns null if there is no equal list.
 * @param {string} field
 */
function weekdaysOf(field) {
  const days = field.split(',').map((part) => {
    const [, from, to = from] = /^([0-7]|[a-z]{3})(?:-([0-7]|[a-z]{3}))?$/i.exec(part) ?? [];
    const names = [from, to].map((day) =>
      DAYS.find((name, i) => name.toLowerCase() === day?.toLowerCase() || i === Number(day) % 7),
    );
    return names.includes(undefined) ? null : from === to ? names[0] : names.join('..');
  });
  return days.includes(null) ? null : days.join(',');
}
