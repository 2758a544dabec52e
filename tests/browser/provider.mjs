// A real OpenID Connect provider on localhost, with TLS.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Provider } from '../../frontend/oidc-provider.js';

/** The client id of NanoMon, and the audience of its access tokens. */
export const CLIENT = 'nanomon-page';
export const AUDIENCE = 'urn:nanomon:api';
const SCOPE = 'system.admin';

/** A self-signed certificate for localhost, created with generate_cert.go of the Go distribution. */
export class Certificate {
  #folder = mkdtempSync(path.join(tmpdir(), 'nanomon-certificate-'));

  constructor() {
    const program = path.join(goRoot(), 'src/crypto/tls/generate_cert.go');
    const options = ['--host', 'localhost', '--ca', '--ecdsa-curve', 'P256', '--duration', '1h'];
    execFileSync('go', ['run', program, ...options], { cwd: this.#folder, stdio: 'ignore' });
  }

  get file() {
    return path.join(this.#folder, 'cert.pem');
  }

  get options() {
    return { cert: readFileSync(this.file), key: readFileSync(path.join(this.#folder, 'key.pem')) };
  }

  remove() {
    rmSync(this.#folder, { recursive: true });
  }
}

function goRoot() {
  return execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
}

/** A provider that accepts every name without a password. */
export class IdentityProvider {
  /** The lifetime of access tokens, in seconds. */
  lifetime = 3600;
  /** Whether access tokens have already expired, although the page does not know. */
  stale = false;
  /** Whether the provider rejects renewals. */
  ended = false;
  /** The number of token requests by grant type. @type {Record<string, number>} */
  asked = {};
  /** @type {https.Server} */
  #server;
  /** @type {any} */
  #provider = null;
  #begin = () => {};
  /** Requests wait until the address of the page is known. */
  #began = new Promise((begin) => (this.#begin = () => begin(null)));

  /** @param {Certificate} certificate */
  constructor(certificate) {
    this.#server = https.createServer(certificate.options, (request, response) => this.#answer(request, response));
  }

  get issuer() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `https://localhost:${port}`;
  }

  async open() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /**
   * Starts to respond to requests.
   * @param {string} page the address of NanoMon's page
   */
  serve(page) {
    const home = `${page}/`;
    this.#provider = new Provider(this.issuer, { ...this.#settings(), clients: [client(home)] });
    this.#provider.on('grant.success', (/** @type {any} */ ctx) => this.#count(ctx.oidc.params.grant_type));
    this.#provider.on('server_error', (/** @type {any} */ _, /** @type {Error} */ error) => console.error(error));
    this.#begin();
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** @param {string} grant */
  #count(grant) {
    this.asked[grant] = (this.asked[grant] ?? 0) + 1;
  }

  #settings() {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return {
      jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' }] },
      cookies: { keys: [randomUUID()] },
      scopes: ['openid', 'offline_access', 'profile'],
      claims: { profile: ['name'] },
      conformIdTokenClaims: false,
      clientBasedCORS: () => true,
      findAccount: (/** @type {any} */ _, /** @type {string} */ name) => account(name),
      loadExistingGrant: consent,
      issueRefreshToken: async () => true,
      rotateRefreshToken: true,
      interactions: { url: (/** @type {any} */ _, /** @type {any} */ { uid }) => `/sign-in/${uid}` },
      ttl: {
        AccessToken: () => this.lifetime,
        Grant: 3600,
        IdToken: 3600,
        Interaction: 3600,
        RefreshToken: 3600,
        Session: 3600,
      },
      formats: {
        customizers: { jwt: (/** @type {any} */ _, /** @type {any} */ __, /** @type {any} */ jwt) => this.#date(jwt) },
      },
      features: {
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => AUDIENCE,
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({ scope: SCOPE, audience: AUDIENCE, accessTokenFormat: 'jwt' }),
        },
        rpInitiatedLogout: { enabled: true, logoutSource: askSignOut },
      },
    };
  }

  /** @param {{payload: {exp: number, iat: number}}} jwt */
  #date({ payload }) {
    if (this.stale) {
      payload.exp = payload.iat - 600;
    }
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #answer(request, response) {
    await this.#began;
    if (request.url?.startsWith('/sign-in/')) {
      await this.#signIn(request, response);
    } else if (this.ended && request.url?.startsWith('/token')) {
      response.writeHead(400, { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' });
      response.end('{"error":"invalid_grant","error_description":"the session is over"}');
    } else {
      this.#provider.callback()(request, response);
    }
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #signIn(request, response) {
    if (request.method !== 'POST') {
      response.setHeader('Content-Type', 'text/html').end(FORM);
      return;
    }
    const form = new URLSearchParams(await text(request));
    const name = form.get('name') ?? '';
    const outcome = form.has('cancel')
      ? { error: 'access_denied', error_description: 'it was cancelled' }
      : { login: { accountId: name } };
    await this.#provider.interactionFinished(request, response, outcome);
  }
}

const FORM = `<!doctype html><title>Provider</title><link rel="icon" href="data:,"><form method="post">
<label>Name <input name="name"></label> <button>Continue</button> <button name="cancel">Cancel</button></form>`;

/** @param {import('node:http').IncomingMessage} request */
async function text(request) {
  let all = '';
  for await (const part of request) {
    all += part;
  }
  return all;
}

/** @param {string} home */
function client(home) {
  return {
    client_id: CLIENT,
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [home],
    post_logout_redirect_uris: [home],
  };
}

/** @param {string} name */
function account(name) {
  return { accountId: name, claims: () => ({ sub: name, name }) };
}

/**
 * Grants the scopes of NanoMon without asking.
 * @param {any} ctx
 */
async function consent({ oidc: { provider, session } }) {
  const grant = new provider.Grant({ clientId: CLIENT, accountId: session.accountId });
  grant.addOIDCScope('openid profile offline_access');
  grant.addResourceScope(AUDIENCE, SCOPE);
  await grant.save();
  return grant;
}

/**
 * @param {any} ctx
 * @param {string} form
 */
function askSignOut(ctx, form) {
  ctx.body = `<!doctype html><title>Provider</title><link rel="icon" href="data:,">${form}
<button form="op.logoutForm" name="logout" value="yes">Sign me out</button>`;
}
