/**
 * The session with the org: OAuth 2.0 client credentials flow (or refresh token flow). The answer names the address of the
 * org, and no end: a session ends when Salesforce says INVALID_SESSION_ID, and then a new one is asked for.
 */
import { SyncError } from '../../errors.ts';
import type { SideDispatcher } from '../../http/dispatcher.ts';
import { exchange } from '../../http/exchange.ts';
import { isObject, parseJson, textOf } from '../http/paths.ts';
import type { SalesforceConfig } from './config.ts';

export interface Session {
  readonly token: string;
  /** Origin of the org. */
  readonly instanceUrl: string;
  readonly orgId: string;
  /** The user whom writes of ours name as LastModifiedById. */
  readonly userId: string;
}

export interface Sessions {
  /** @param tried told when one was asked for */
  current(tried?: () => void): Promise<Session>;
  /** Salesforce refused it. */
  ended(session: Session): void;
}

export function createSessions(config: SalesforceConfig, dispatcher: SideDispatcher): Sessions {
  const url = new URL('/services/oauth2/token', config.loginUrl);
  let held: Session | null = null;
  let asking: Promise<Session> | null = null;

  async function ask(tried: (() => void) | undefined): Promise<Session> {
    const { refreshToken } = config;
    const form = new URLSearchParams({
      grant_type: refreshToken === undefined ? 'client_credentials' : 'refresh_token',
      client_id: config.clientId,
      client_secret: config.clientSecret,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    });
    const reply = await exchange({
      side: dispatcher,
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      // Done twice it changes nothing that matters.
      write: false,
      tried,
    });
    if (reply.status >= 500 || reply.status === 429) throw failure('transient', `HTTP ${reply.status}`);
    const body = readBody(reply.text);
    // Their words say which part is wrong (invalid_client, no client credentials user); they hold no secret.
    const why = textOf(body.error) ?? `HTTP ${reply.status}`;
    const token = textOf(body.access_token);
    if (reply.status >= 300 || (token === null && textOf(body.error) !== null))
      throw failure('auth', why.slice(0, 60));
    if (token === null) throw failure('contract', 'the answer holds no access_token');
    const instance = URL.parse(textOf(body.instance_url) ?? '');
    const [, orgId, userId] =
      /\/id\/([A-Za-z0-9]{15,18})\/([A-Za-z0-9]{15,18})$/.exec(textOf(body.id) ?? '') ?? [];
    if (instance === null || orgId === undefined || userId === undefined)
      throw failure('contract', 'the answer holds no instance_url, or no id of org and user');
    // The token is for that address: never over a line that is less safe than the one it came by.
    if (url.protocol === 'https:' && instance.protocol !== 'https:')
      throw failure('contract', 'the instance_url is not https');
    held = { token, instanceUrl: instance.origin, orgId, userId };
    return held;
  }

  function failure(kind: 'auth' | 'transient' | 'contract', what: string): SyncError {
    return new SyncError(kind, `POST ${url.origin}${url.pathname}: no session (${what})`, {
      side: 'crm',
      code: what,
      advice:
        'Check crm.loginUrl (My Domain), clientId and clientSecret, and that the app allows the client credentials flow and runs as a user with the permission "API Enabled".',
    });
  }

  return {
    async current(tried) {
      if (held !== null) return held;
      // One request for all that wait.
      asking ??= ask(tried).finally(() => {
        asking = null;
      });
      return await asking;
    },
    ended(session) {
      if (held?.token === session.token) held = null;
    },
  };
}

function readBody(text: string): Readonly<Record<string, unknown>> {
  try {
    const body = parseJson(text);
    return isObject(body) ? body : {};
  } catch {
    return {};
  }
}
