/** @import {Draft} from '../../api.js' */

/**
 * A preset for a new monitor: a rule, properties, an example target, and a hint on what to adapt.
 * @typedef {{name: string, hint: string, target: string, rule: string, properties?: Record<string, string>}} Template
 */

/** A form before a template or the example was applied. @typedef {{draft: Draft, template: Template | null}} Previous */

/**
 * The part of a form that templates concern.
 * @typedef {{
 *   readonly draft: Draft,
 *   readonly values: Draft,
 *   fill: (draft: Draft) => void,
 *   template: Template | null,
 *   previous: Previous | null,
 * }} Form
 */

/**
 * The templates by monitor type. A backslash in a rule is escaped twice: for the rule and for JavaScript.
 * @type {Readonly<Record<string, readonly Template[]>>}
 */
export const TEMPLATES = {
  http: [
    {
      name: 'Website is up',
      hint: 'Reports an error if the page returns a status such as 404 or 500.',
      target: 'https://www.example.org',
      rule: 'status >= 200 && status < 400',
    },
    {
      name: 'Responds quickly',
      hint: 'Reports an error if the response takes longer. Adjust the milliseconds in the rule.',
      target: 'https://www.example.org',
      rule: 'status == 200 && respTime < 500',
    },
    {
      name: 'Page contains text',
      hint: 'Replace Welcome in the rule with the text to look for. It is a regular expression.',
      target: 'https://www.example.org',
      rule: "status == 200 && body =~ 'Welcome'",
    },
    {
      name: 'API returns JSON',
      hint: 'Reports an error if the response does not start like a JSON object or array.',
      target: 'https://api.example.org/health',
      rule: "status == 200 && body =~ '^\\\\s*[{[]'",
      properties: { headers: '{"Accept":"application/json"}' },
    },
    {
      name: 'Number in a response',
      hint: 'Replace queue in the body regex with your field. The first group of the regex is the value to show and to check.',
      target: 'https://api.example.org/stats',
      rule: 'status == 200 && regexMatch < 100',
      properties: { bodyRegex: '"queue":\\s*(\\d+)' },
    },
    {
      name: 'Certificate expiry',
      hint: 'Reports an error if the certificate expires within two weeks. An interval of 1h is enough.',
      target: 'https://www.example.org',
      rule: 'certExpiryDays > 14',
    },
    {
      name: 'Redirects',
      hint: 'Checks the redirect itself, for example from http to https, and does not follow it.',
      target: 'http://www.example.org',
      rule: 'status IN (301, 302, 307, 308)',
      properties: { followRedirects: 'false' },
    },
  ],
  tcp: [
    {
      name: 'Port is open',
      hint: 'Fails if the port does not accept a connection. No rule is needed.',
      target: 'db.example.org:5432',
      rule: '',
    },
    {
      name: 'Port opens quickly',
      hint: 'Reports an error if connecting takes longer. Adjust the milliseconds in the rule.',
      target: 'db.example.org:5432',
      rule: 'respTime < 200',
    },
  ],
  ping: [
    {
      name: 'Host responds',
      hint: 'Fails if there is no reply. No rule is needed.',
      target: 'router.example.org',
      rule: '',
    },
    {
      name: 'Low packet loss',
      hint: 'Sends ten packets. Reports an error if two or more are lost.',
      target: 'router.example.org',
      rule: 'packetLoss < 20',
      properties: { count: '10' },
    },
    {
      name: 'Fast replies',
      hint: 'Reports an error if the average round trip takes longer. Adjust the milliseconds in the rule.',
      target: 'router.example.org',
      rule: 'packetLoss == 0 && avgRtt < 50',
    },
  ],
  dns: [
    {
      name: 'Name resolves',
      hint: 'Fails if the name has no address.',
      target: 'www.example.org',
      rule: 'resultCount >= 1',
    },
    {
      name: 'Record has a value',
      hint: 'Replace 192.0.2.10 in the rule with the expected address.',
      target: 'www.example.org',
      rule: "'192.0.2.10' IN (result1, result2, result3)",
    },
    {
      name: 'Mail servers exist',
      hint: 'Fails if the domain has no MX record, and reports an error if it has only one.',
      target: 'example.org',
      rule: 'resultCount >= 2',
      properties: { type: 'MX' },
    },
    {
      name: 'Name server responds',
      hint: 'Replace ns1.example.org in the settings with your name server.',
      target: 'www.example.org',
      rule: 'respTime < 200',
      properties: { server: 'ns1.example.org' },
    },
  ],
  push: [
    {
      name: 'Job runs regularly',
      hint: 'Fails if the job reports nothing for an hour and ten minutes. No rule is needed.',
      target: 'every 1h',
      rule: '',
      properties: { grace: '10m' },
    },
    {
      name: 'Nightly backup',
      hint: 'The job begins at 02:00 and may run for up to three hours. It must report its start too.',
      target: '0 2 * * *',
      rule: '',
      properties: { grace: '10m', maxRun: '3h' },
    },
    {
      name: 'Job is fast',
      hint: 'Reports an error if a run takes longer than ten minutes. The job must report its start too.',
      target: 'every 1h',
      rule: 'duration < 600000',
    },
    {
      name: 'Accepted exit statuses',
      hint: 'Replace 24 in the rule with an exit status that is no failure. 24 of rsync means that files have vanished.',
      target: '0 2 * * *',
      rule: 'exitCode IN (0, 24)',
    },
  ],
};

/** The template with which the form of a new monitor starts. */
export const [FIRST] = TEMPLATES.http;

/**
 * Replaces the rule and the properties of a form.
 * @param {Form} form
 * @param {string} rule
 * @param {Record<string, string>} properties
 * @param {Template | null} template
 */
export function apply(form, rule, properties, template) {
  form.previous = { draft: form.draft, template: form.template };
  form.template = template;
  form.fill({ ...form.values, rule, properties });
}

/**
 * Restores the rule and the properties that apply has replaced.
 * @param {Form} form
 */
export function undo(form) {
  if (form.previous) {
    const { draft, template } = form.previous;
    form.previous = null;
    form.template = template;
    form.fill({ ...form.values, rule: draft.rule, properties: draft.properties });
  }
}
