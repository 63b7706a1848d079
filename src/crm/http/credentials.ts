/** The headers that say who we are. OAuth 2 tokens are fetched when needed, before they run out, and after a 401. */
import { SyncError } from '../../errors.ts';
import type { SideDispatcher } from '../../http/dispatcher.ts';
import { exchange } from '../../http/exchange.ts';
import type { AuthConfig } from './config.ts';
import { parseJson, textOf, valueAt } from './paths.ts';

export interface Credentials {
  /** @param tried told when a token was asked for to have them */
  headers(tried?: () => void): Promise<Readonly<Record<string, string>>>;
  /** The API answered 401 to these headers. True: it is worth asking again, with a token of its own. */
  refused(headers: Readonly<Record<string, string>>): boolean;
}

/** A token is replaced this long before it runs out: a request under way must still arrive with it. */
const EARLY_MS = 60_000;
const DEFAULT_LIFE_MS = 3_600_000;

/** @param monotonic milliseconds */
export function createCredentials(
  auth: AuthConfig | undefined,
  dispatcher: SideDispatcher,
  monotonic: () => number,
): Credentials {
  if (auth?.type === 'oauth2') return tokenCredentials(auth, dispatcher, monotonic);
  const headers = fixedHeaders(auth);
  return { headers: async () => headers, refused: () => false };
}

function fixedHeaders(auth: AuthConfig | undefined): Readonly<Record<string, string>> {
  switch (auth?.type) {
    case 'bearer':
      return { authorization: `Bearer ${auth.token}` };
    case 'header':
      return { [(auth.name ?? '').toLowerCase()]: auth.secret ?? '' };
    case 'basic':
      return { authorization: basic(auth.username ?? '', auth.password ?? '') };
    default:
      return {};
  }
}

function tokenCredentials(
  auth: AuthConfig,
  dispatcher: SideDispatcher,
  monotonic: () => number,
): Credentials {
  const url = new URL(auth.endpoint ?? '');
  let held: { readonly header: string; readonly until: number } | null = null;
  let fetching: Promise<string> | null = null;

  async function fetchToken(tried: (() => void) | undefined): Promise<string> {
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (auth.scope !== undefined) form.set('scope', auth.scope);
    const { clientId = '', clientSecret = '', sendIn = 'basic' } = auth;
    if (sendIn === 'body') {
      form.set('client_id', clientId);
      form.set('client_secret', clientSecret);
    }
    const askedAt = monotonic();
    const reply = await exchange({
      side: dispatcher,
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        // RFC 6749, 2.3.1: both are form-encoded before they are joined.
        ...(sendIn === 'basic'
          ? { authorization: basic(encodeURIComponent(clientId), encodeURIComponent(clientSecret)) }
          : {}),
      },
      body: form.toString(),
      // It changes nothing that matters when it is done twice.
      write: false,
      tried,
    });
    if (reply.status >= 500 || reply.status === 429)
      throw failure('transient', reply.status, `HTTP ${reply.status}`);
    let body: unknown = null;
    try {
      body = parseJson(reply.text);
    } catch {
      // Told below: an answer without a token.
    }
    const token = textOf(valueAt(body, 'access_token'));
    if (reply.status >= 300 || token === null || token === '')
      throw failure(
        'auth',
        reply.status,
        `HTTP ${reply.status}${token === null ? ', and no access_token' : ''}`,
      );
    const seconds = Number(textOf(valueAt(body, 'expires_in')) ?? Number.NaN);
    const lifeMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : DEFAULT_LIFE_MS;
    const header = `Bearer ${token}`;
    held = { header, until: askedAt + Math.max(lifeMs / 2, lifeMs - EARLY_MS) };
    return header;
  }

  function failure(kind: 'auth' | 'transient', status: number, what: string): SyncError {
    return new SyncError(kind, `POST ${url.origin}${url.pathname}: the client gets no token (${what})`, {
      side: 'crm',
      code: `HTTP ${status}`,
      advice: 'Check crm.auth: endpoint, clientId, clientSecret and scope.',
    });
  }

  return {
    async headers(tried) {
      if (held !== null && monotonic() < held.until) return { authorization: held.header };
      // One request for all that wait.
      fetching ??= fetchToken(tried).finally(() => {
        fetching = null;
      });
      return { authorization: await fetching };
    },
    refused(headers) {
      if (held?.header === headers.authorization) held = null;
      return true;
    },
  };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}
