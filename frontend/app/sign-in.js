/** @import {RedirectRequest} from '@azure/msal-browser' */
/** @import {Config} from '../types/model' */
/** @import {App} from './app.js' */
/** @import {ViewName} from './views.js' */
import Alpine from './lib/alpine.js';
import { newPanel } from './sign-in-panel.js';

/** @typedef {typeof import('@azure/msal-browser')} Msal */

/** What the page comes back to after a sign-in: its address, and what was typed there. @typedef {{hash: string, draft: unknown}} Place */

const SCOPE = 'system.admin';
const ENTRA = 'https://login.microsoftonline.com';
/** A token is renewed that long before its end, in seconds. */
const AHEAD = 60;
/** Where the tab keeps the place while it shows the provider's page. */
const PLACE = 'nanomon.place';

/** @returns {Promise<Msal>} */
async function loadMsal() {
  await import('./lib/msal.js');
  return /** @type {any} */ (globalThis).msal;
}

/**
 * Who uses the page. It is loaded only when sign-in is on. Tokens stay in the tab.
 */
export class Session {
  state = Alpine.reactive({
    /** @type {'out' | 'in' | 'expired'} */
    status: 'out',
    name: '',
  });
  /** Why a sign-in that was begun has failed; else empty. */
  fault = '';
  /** Where the page comes back to. @type {Place | null} */
  #place = null;
  /** Is told when the API wants a sign-in. */
  onWanted = () => {};
  #msal;
  #config;
  #client;
  #token = { text: '', until: 0 };
  /** @type {Promise<string> | null} */
  #renewing = null;

  /**
   * Loads what signing in needs, and finishes a sign-in that the page comes back from.
   * @param {Config} config
   */
  static async open(config) {
    const session = new Session(config, await loadMsal());
    await session.#return();
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
        redirectUri: home(),
        postLogoutRedirectUri: home(),
        ...authority(config),
      },
      cache: { cacheLocation: 'sessionStorage' },
      system: {
        protocolMode: config.AUTH_ISSUER ? msal.ProtocolMode.OIDC : msal.ProtocolMode.AAD,
        tokenRenewalOffsetSeconds: AHEAD,
      },
    });
  }

  /**
   * What the frame shows of the session.
   * @param {App} app
   */
  panel(app) {
    return newPanel(app, this);
  }

  /** Whether the API lets the reader see anything. */
  get canRead() {
    return this.canWrite || !this.#config.AUTH_PROTECT_READS;
  }

  get canWrite() {
    return this.state.status === 'in';
  }

  /**
   * Whether the reader may see a view: forms are for those who are signed in.
   * @param {ViewName} view
   */
  mayShow(view) {
    return view === 'edit' || view === 'window' ? this.canWrite : this.canRead;
  }

  /** Whether what was typed before the sign-in waits for its view. */
  get hasDraft() {
    return Boolean(this.#place?.draft);
  }

  /**
   * What was typed at an address before the sign-in, once; null where nothing was.
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
   * Goes to the provider's page.
   * @param {unknown} draft what is typed and not saved, or null
   */
  async signIn(draft) {
    const place = { hash: location.hash, draft: draft ?? this.takeDraft(location.hash) };
    sessionStorage.setItem(PLACE, JSON.stringify(place));
    const { scopes, ...request } = this.#request;
    await this.#client.loginRedirect({ ...request, scopes: [...scopes, 'offline_access'] });
  }

  async signOut() {
    const [account] = this.#client.getAllAccounts();
    try {
      await this.#client.logoutRedirect({ account, idTokenHint: account?.idToken });
    } finally {
      location.reload(); // The provider has no page to sign out at, or is away; in this tab it is done.
    }
  }

  /**
   * As the global fetch, with the access token. What may be read without one is then read without it.
   * @param {string} url
   * @param {RequestInit} options
   */
  fetch = async (url, options) => {
    const token = await this.#current();
    const headers = { ...options.headers, Authorization: `Bearer ${token}` };
    const response = await fetch(url, token ? { ...options, headers } : options);
    if (response.status !== 401) {
      return response;
    }
    if (token) {
      this.#expire();
    }
    if (options.method || !this.canRead) {
      this.onWanted();
      return response;
    }
    return token ? fetch(url, options) : response;
  };

  /** Finishes a sign-in, and knows who was signed in before the page was loaded. */
  async #return() {
    this.#place = takePlace();
    const answered = /[#&](code|error)=/.test(location.hash);
    const hash = answered ? (this.#place?.hash ?? '') : location.hash;
    await this.#client.initialize();
    try {
      await this.#client.handleRedirectPromise({ navigateToLoginRequestUrl: false });
    } catch (error) {
      this.fault = `You are not signed in: ${reason(error)}`;
    }
    history.replaceState(history.state, '', location.pathname + hash);
    const [account] = this.#client.getAllAccounts();
    if (account) {
      this.state.status = 'in';
      this.state.name = account.name || account.username;
    }
  }

  /** @returns {Promise<string>} the access token, empty when there is none */
  async #current() {
    if (this.state.status !== 'in') {
      return '';
    }
    if (Date.now() < this.#token.until - AHEAD * 1000) {
      return this.#token.text;
    }
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renew() {
    const { CacheLookupPolicy, InteractionRequiredAuthError, ServerError } = this.#msal;
    try {
      const { accessToken, expiresOn } = await this.#client.acquireTokenSilent({
        ...this.#request,
        account: this.#client.getAllAccounts()[0],
        cacheLookupPolicy: CacheLookupPolicy.AccessTokenAndRefreshToken, // An iframe is against the page's policy.
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

/** Where the page is, without what it shows. */
function home() {
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
    // Without offline_access, which some providers take for more than was granted when a token is renewed.
    OIDCOptions: { defaultScopes: ['openid', 'profile'] },
  };
}

/** @returns {Place | null} */
function takePlace() {
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  return place ? JSON.parse(place) : null;
}

/**
 * What the provider or the library says of a failure.
 * @param {unknown} error
 */
function reason(error) {
  const { errorMessage, errorCode } = /** @type {{errorMessage?: string, errorCode?: string}} */ (error);
  return errorMessage || errorCode || String(error);
}
