/** @import {RedirectRequest} from '@azure/msal-browser' */
/** @import {Config} from '../types/model' */
/** @import {App} from './app.js' */
/** @import {ViewName} from './views.js' */
import Alpine from './lib/alpine.js';
import { newPanel } from './sign-in-panel.js';

/** @typedef {typeof import('@azure/msal-browser')} Msal */

/**
 * The state that the page restores after a sign-in: its address and the unsaved changes.
 * @typedef {{hash: string, draft: unknown}} Place
 */

const SCOPE = 'system.admin';
const ENTRA = 'https://login.microsoftonline.com';
/** How long before its expiry a token is renewed, in seconds. */
const RENEW_BEFORE = 60;
/** The views that only show what the API keeps from anonymous readers. @type {readonly string[]} */
const SIGNED_IN_VIEWS = ['monitor-form', 'maintenance-form', 'status-pages', 'status-page', 'status-page-form'];
/** The session storage key of the place while the tab shows the provider's page. */
const PLACE_KEY = 'nanomon.place';

/** @returns {Promise<Msal>} */
async function loadMsal() {
  await import('./lib/msal.js');
  return /** @type {any} */ (globalThis).msal;
}

/**
 * The session of the user: sign-in, sign-out and access tokens. The module loads only if sign-in is on. Tokens stay in
 * the tab.
 */
export class Session {
  state = Alpine.reactive({
    /** @type {'out' | 'in' | 'expired'} */
    status: 'out',
    name: '',
  });
  /** Why the last sign-in failed; empty if it did not. */
  error = '';
  /** The place to restore. @type {Place | null} */
  #place = null;
  /** Called when the API requires a sign-in. */
  onRequired = () => {};
  #msal;
  #config;
  #client;
  #token = { text: '', until: 0 };
  /** @type {Promise<string> | null} */
  #renewal = null;

  /**
   * Loads the sign-in library and completes a sign-in if the page was opened by the provider.
   * @param {Config} config
   */
  static async open(config) {
    const session = new Session(config, await loadMsal());
    await session.#restore();
    return session;
  }

  /**
   * @param {Config} config
   * @param {Msal} msal
   */
  constructor(config, msal) {
    this.#config = config;
    this.#msal = msal;
    this.#client = new msal.PublicClientApplication({
      auth: {
        clientId: config.AUTH_CLIENT_ID,
        redirectUri: pageUrl(),
        postLogoutRedirectUri: pageUrl(),
        ...authority(config),
      },
      cache: { cacheLocation: 'sessionStorage' },
      system: {
        protocolMode: config.AUTH_ISSUER ? msal.ProtocolMode.OIDC : msal.ProtocolMode.AAD,
        tokenRenewalOffsetSeconds: RENEW_BEFORE,
      },
    });
  }

  /**
   * Creates the data of the sign-in buttons and dialog.
   * @param {App} app
   */
  panel(app) {
    return newPanel(app, this);
  }

  /** Whether the API lets the user read. */
  get canRead() {
    return this.canWrite || !this.#config.AUTH_PROTECT_READS;
  }

  /** Whether the API lets the user change anything. */
  get canWrite() {
    return this.state.status === 'in';
  }

  /**
   * Reports whether the user may see a view. Forms and status pages require a sign-in.
   * @param {ViewName} view
   */
  mayShow(view) {
    return SIGNED_IN_VIEWS.includes(view) ? this.canWrite : this.canRead;
  }

  /** Whether there are unsaved changes from before the sign-in. */
  get hasDraft() {
    return Boolean(this.#place?.draft);
  }

  /**
   * Returns the unsaved changes made at an address before the sign-in, and forgets them; null if there are none.
   * @param {string} hash
   */
  takeDraft(hash) {
    const draft = this.#place?.hash === hash ? this.#place.draft : null;
    if (draft) {
      this.#place = null;
    }
    return draft;
  }

  /**
   * Opens the provider's page.
   * @param {unknown} draft the unsaved changes, or null
   */
  async signIn(draft) {
    const place = { hash: location.hash, draft: draft ?? this.takeDraft(location.hash) };
    sessionStorage.setItem(PLACE_KEY, JSON.stringify(place));
    const { scopes, ...request } = this.#request;
    await this.#client.loginRedirect({ ...request, scopes: [...scopes, 'offline_access'] });
  }

  async signOut() {
    await import('./offline.js').then(({ clearOffline }) => clearOffline()).catch(() => {});
    const [account] = this.#client.getAllAccounts();
    try {
      await this.#client.logoutRedirect({ account, idTokenHint: account?.idToken });
    } finally {
      location.reload(); // Still here: the provider has no sign-out page or is unavailable. The tab has dropped its tokens.
    }
  }

  /**
   * Works like the global fetch, with the access token. If the API rejects the token but allows anonymous reads, a read is
   * repeated without it.
   * @param {string} url
   * @param {RequestInit} options
   */
  fetch = async (url, options) => {
    const token = await this.#accessToken();
    const headers = { ...options.headers, Authorization: `Bearer ${token}` };
    const response = await fetch(url, token ? { ...options, headers } : options);
    if (response.status !== 401) {
      return response;
    }
    if (token) {
      this.#expire();
    }
    if (options.method || !this.canRead) {
      this.onRequired();
      return response;
    }
    return token ? fetch(url, options) : response;
  };

  /** Completes a sign-in if the provider opened the page, and restores the user from the session storage. */
  async #restore() {
    this.#place = takePlace();
    const fromProvider = /[#&](code|error)=/.test(location.hash);
    const hash = fromProvider ? (this.#place?.hash ?? '') : location.hash;
    await this.#client.initialize();
    try {
      await this.#client.handleRedirectPromise({ navigateToLoginRequestUrl: false });
    } catch (error) {
      this.error = `Sign-in failed: ${reason(error)}`;
    }
    history.replaceState(history.state, '', location.pathname + hash);
    const [account] = this.#client.getAllAccounts();
    if (account) {
      this.state.status = 'in';
      this.state.name = account.name || account.username;
    }
  }

  /** @returns {Promise<string>} the access token, empty when there is none */
  async #accessToken() {
    if (this.state.status !== 'in') {
      return '';
    }
    if (Date.now() < this.#token.until - RENEW_BEFORE * 1000) {
      return this.#token.text;
    }
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  async #renew() {
    const { CacheLookupPolicy, InteractionRequiredAuthError, ServerError } = this.#msal;
    try {
      const { accessToken, expiresOn } = await this.#client.acquireTokenSilent({
        ...this.#request,
        account: this.#client.getAllAccounts()[0],
        cacheLookupPolicy: CacheLookupPolicy.AccessTokenAndRefreshToken, // The content security policy forbids iframes.
      });
      this.#token = { text: accessToken, until: expiresOn?.getTime() ?? 0 };
      return accessToken;
    } catch (error) {
      if (error instanceof InteractionRequiredAuthError || error instanceof ServerError) {
        this.#expire();
      }
      return Date.now() < this.#token.until ? this.#token.text : '';
    }
  }

  #expire() {
    this.state.status = 'expired';
    this.#token = { text: '', until: 0 };
  }

  /** @returns {RedirectRequest} */
  get #request() {
    const { AUTH_ISSUER, AUTH_AUDIENCE, AUTH_CLIENT_ID } = this.#config;
    if (!AUTH_ISSUER) {
      return { scopes: [`${AUTH_AUDIENCE || `api://${AUTH_CLIENT_ID}`}/${SCOPE}`] };
    }
    return { scopes: [SCOPE], extraQueryParameters: AUTH_AUDIENCE ? { audience: AUTH_AUDIENCE } : undefined };
  }
}

/** Returns the address of the page without its query and hash. */
function pageUrl() {
  return location.origin + location.pathname;
}

/** @param {Config} config */
function authority({ AUTH_ISSUER, AUTH_TENANT }) {
  if (!AUTH_ISSUER) {
    return { authority: `${ENTRA}/${AUTH_TENANT}` };
  }
  return {
    authority: AUTH_ISSUER,
    knownAuthorities: [new URL(AUTH_ISSUER).host],
    // offline_access is left out: some providers reject a renewal that requests it, because they did not grant it.
    OIDCOptions: { defaultScopes: ['openid', 'profile'] },
  };
}

/** @returns {Place | null} */
function takePlace() {
  const place = sessionStorage.getItem(PLACE_KEY);
  sessionStorage.removeItem(PLACE_KEY);
  return place ? JSON.parse(place) : null;
}

/**
 * Returns the message of the provider or of the library.
 * @param {unknown} error
 */
function reason(error) {
  const { errorMessage, errorCode } = /** @type {{errorMessage?: string, errorCode?: string}} */ (error);
  return errorMessage || errorCode || String(error);
}
