// The commands to paste, without the page.
import { commandsOf, crontabSchedule, timerSchedule } from '../../frontend/app/views/monitor/ping-commands.js';
import { expect, test } from '../../frontend/playwright-test.js';

const NO_CALENDAR = '# This expression has no equal one in systemd: adjust the time.\nOnCalendar=*-*-* 02:00:00';

for (const [schedule, crontab, timer] of /** @type {[string, string, string][]} */ ([
  ['every 1m', '* * * * *', 'OnActiveSec=1min\nOnUnitActiveSec=1m'],
  ['every 5m', '*/5 * * * *', 'OnActiveSec=1min\nOnUnitActiveSec=5m'],
  ['every  2h0m0s', '0 */2 * * *', 'OnActiveSec=1min\nOnUnitActiveSec=2h0m0s'],
  ['every 24h', '0 2 * * *', 'OnActiveSec=1min\nOnUnitActiveSec=24h'],
  ['every 7m', '', 'OnActiveSec=1min\nOnUnitActiveSec=7m'],
  ['every 1h30m', '', 'OnActiveSec=1min\nOnUnitActiveSec=1h30m'],
  ['@daily', '0 0 * * *', 'OnCalendar=*-*-* 00:00:00'],
  ['@Weekly', '0 0 * * 0', 'OnCalendar=Sun *-*-* 00:00:00'],
  ['*/15 * * * *', '*/15 * * * *', 'OnCalendar=*-*-* *:00/15:00'],
  [' 0  2 * * * ', '0 2 * * *', 'OnCalendar=*-*-* 02:00:00'],
  ['0 6 * * 1-5', '0 6 * * 1-5', 'OnCalendar=Mon..Fri *-*-* 06:00:00'],
  ['0 22 * * 5-7', '0 22 * * 5-7', 'OnCalendar=Fri..Sun *-*-* 22:00:00'],
  ['5 8-18/2 * 3,6 sun,TUE-thu', '5 8-18/2 * 3,6 sun,TUE-thu', 'OnCalendar=Sun,Tue..Thu *-03,06-* 08..18/2:05:00'],
  ['10,20 1-3 */2 * *', '10,20 1-3 */2 * *', 'OnCalendar=*-*-01/2 01..03:10,20:00'],
  ['30 4 1,15 * 5', '30 4 1,15 * 5', NO_CALENDAR],
  ['0 0 * jan *', '0 0 * jan *', NO_CALENDAR],
  ['0 0 * * */2', '0 0 * * */2', NO_CALENDAR],
  ['nonsense', 'nonsense', NO_CALENDAR],
])) {
  test(`the commands run ${schedule}`, () => {
    const isPeriod = schedule.startsWith('every');
    expect(crontabSchedule(schedule)).toBe(crontab);
    expect(timerSchedule(schedule, 'Europe/Berlin')).toBe(isPeriod ? timer : `${timer} Europe/Berlin\nPersistent=true`);
  });
}

test('all commands contain the ping URL, and say if cron can not follow the schedule', () => {
  const url = 'https://nanomon.example.org/api/push/3f1c2a90-5b7e-4d06-9c1b-7a2f8e4d6b13';
  const monitor = { target: 'every 7m', properties: {} };
  const commands = commandsOf(monitor, url);
  expect(commands.map(({ name }) => name)).toEqual(['curl', 'wget', 'PowerShell', 'crontab', 'systemd', 'Kubernetes']);
  for (const { name, hint, text } of commands) {
    expect(text).toContain(url);
    expect(text, name).toMatch(/--retry-connrefused|catch \{.*Start-Sleep/);
    expect(hint.endsWith('Cron has no equal schedule: adjust the times.'), name).toBe(
      ['crontab', 'Kubernetes'].includes(name),
    );
  }
  const cron = commandsOf({ ...monitor, target: '@daily' }, url).find(({ name }) => name === 'crontab');
  expect(cron?.hint).toBe('A line for crontab -e. crontab uses the time zone of the machine; this monitor uses UTC.');
  expect(cron?.text).toMatch(/^0 0 \* \* \* curl .*\/start; .*\/\$\?$/);
});
