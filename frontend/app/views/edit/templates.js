/**
 * A ready-made start for a monitor: the hint says what is left to do, target is an example of one.
 * @typedef {{name: string, hint: string, target: string, rule: string, properties?: Record<string, string>}} Template
 */

/**
 * By monitor type. In a rule's text a backslash is doubled, once more here.
 * @type {Readonly<Record<string, readonly Template[]>>}
 */
export const TEMPLATES = {
  http: [
    {
      name: 'Website is up',
      hint: 'Error, if the page answers with a fault such as 404 or 500.',
      target: 'https://www.example.org',
      rule: 'status >= 200 && status < 400',
    },
    {
      name: 'Answers quickly',
      hint: 'Error, if the answer takes longer. Set the number of milliseconds in the rule.',
      target: 'https://www.example.org',
      rule: 'status == 200 && respTime < 500',
    },
    {
      name: 'Page has a text',
      hint: 'Put the text to look for in place of Welcome in the rule. It is a regular expression.',
      target: 'https://www.example.org',
      rule: "status == 200 && body =~ 'Welcome'",
    },
    {
      name: 'API answers with JSON',
      hint: 'Error, if the answer does not begin like a JSON object or array.',
      target: 'https://api.example.org/health',
      rule: "status == 200 && body =~ '^\\\\s*[{[]'",
      properties: { headers: '{"Accept":"application/json"}' },
    },
    {
      name: 'Figure in an answer',
      hint: 'The first group of the body regex is the value that is shown and judged. Put your field in place of queue.',
      target: 'https://api.example.org/stats',
      rule: 'status == 200 && regexMatch < 100',
      properties: { bodyRegex: '"queue":\\s*(\\d+)' },
    },
    {
      name: 'Certificate does not expire soon',
      hint: 'Error, if the certificate has two weeks or less to go. Once an hour is often enough.',
      target: 'https://www.example.org',
      rule: 'certExpiryDays > 14',
    },
    {
      name: 'Redirects',
      hint: 'Takes the redirect itself as the answer, for example that from http to https.',
      target: 'http://www.example.org',
      rule: 'status IN (301, 302, 307, 308)',
      properties: { followRedirects: 'false' },
    },
  ],
  tcp: [
    {
      name: 'Port is open',
      hint: 'Failed, if nothing accepts a connection on the port. That needs no rule.',
      target: 'db.example.org:5432',
      rule: '',
    },
    {
      name: 'Port opens quickly',
      hint: 'Error, if connecting takes longer. Set the number of milliseconds in the rule.',
      target: 'db.example.org:5432',
      rule: 'respTime < 200',
    },
  ],
  ping: [
    {
      name: 'Host answers',
      hint: 'Failed, if no reply comes at all. That needs no rule.',
      target: 'router.example.org',
      rule: '',
    },
    {
      name: 'Low packet loss',
      hint: 'Sends ten packets. Error, if two or more of them have no reply.',
      target: 'router.example.org',
      rule: 'packetLoss < 20',
      properties: { count: '10' },
    },
    {
      name: 'Quick replies',
      hint: 'Error, if the average round trip takes longer. Set the number of milliseconds in the rule.',
      target: 'router.example.org',
      rule: 'packetLoss == 0 && avgRtt < 50',
    },
  ],
  dns: [
    {
      name: 'Name resolves',
      hint: 'Failed, if there is no address for the name.',
      target: 'www.example.org',
      rule: 'resultCount >= 1',
    },
    {
      name: 'Record has a value',
      hint: 'Put the address that is expected in place of 192.0.2.10 in the rule.',
      target: 'www.example.org',
      rule: "'192.0.2.10' IN (result1, result2, result3)",
    },
    {
      name: 'Mail servers are named',
      hint: 'Failed, if the domain has no MX record; error, if it has only one.',
      target: 'example.org',
      rule: 'resultCount >= 2',
      properties: { type: 'MX' },
    },
    {
      name: 'Name server answers',
      hint: 'Put your name server in place of ns1.example.org in the settings.',
      target: 'www.example.org',
      rule: 'respTime < 200',
      properties: { server: 'ns1.example.org' },
    },
  ],
};
