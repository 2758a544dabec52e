import { defineConfig } from 'vite';

// A development server. Releases contain the files of app/ unchanged.
const api = `http://localhost:${process.env.API_PORT || 8000}`;
const config = {
  API_ENDPOINT: process.env.API_ENDPOINT || '/api',
  AUTH_CLIENT_ID: process.env.AUTH_CLIENT_ID || '',
  AUTH_TENANT: process.env.AUTH_TENANT || 'common',
  AUTH_ISSUER: process.env.AUTH_ISSUER || '',
  AUTH_AUDIENCE: process.env.AUTH_AUDIENCE || '',
  AUTH_PROTECT_READS: /^(1|t|true|yes|on)$/i.test(process.env.AUTH_PROTECT_READS ?? ''),
  VERSION: 'development',
  BUILD_INFO: 'served by Vite',
};

export default defineConfig({
  root: `${import.meta.dirname}/app`,
  cacheDir: `${import.meta.dirname}/node_modules/.vite`,
  publicDir: false,
  clearScreen: false,
  optimizeDeps: { noDiscovery: true },
  server: {
    port: Number(process.env.FRONTEND_PORT || 8001),
    strictPort: true,
    proxy: { '^/api(/|$)': api },
  },
  plugins: [
    {
      name: 'configuration',
      configureServer({ middlewares }) {
        middlewares.use('/docs', (_, response) => {
          response.writeHead(404).end('Vite does not serve the documentation. Run just run-all or just run.');
        });
        for (const path of ['/config', '/config.json']) {
          middlewares.use(path, (_, response) => {
            response.setHeader('Content-Type', 'application/json').end(JSON.stringify(config));
          });
        }
      },
    },
  ],
});
