// Copies the libraries of the page from node_modules to app/lib, each with a type declaration for tsc.
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';

const root = new URL('../', import.meta.url);
const lib = new URL('app/lib/', root);
const copies = {
  'alpine.js': '@alpinejs/csp/dist/module.esm.min.js',
  'eventsource-parser.js': 'eventsource-parser/dist/index.js',
  'msal.js': '@azure/msal-browser/lib/msal-browser.min.js',
  'uplot.js': 'uplot/dist/uPlot.esm.js',
  'uplot.css': 'uplot/dist/uPlot.min.css',
};
const types = {
  'alpine.d.ts': "export { default } from 'alpinejs';",
  'eventsource-parser.d.ts': "export * from 'eventsource-parser';",
  // A script, not a module: it sets the global variable msal.
  'msal.d.ts': 'export {};',
  'uplot.d.ts': "export { default } from 'uplot';",
};

await rm(lib, { recursive: true, force: true });
await mkdir(lib, { recursive: true });
for (const [name, source] of Object.entries(copies)) {
  await cp(new URL(`node_modules/${source}`, root), new URL(name, lib));
}
for (const [name, line] of Object.entries(types)) {
  await writeFile(new URL(name, lib), `${line}\n`);
}
