/**
 * A Salesforce org over real HTTP, as far as the vendor documents it. OAuth: "OAuth 2.0 Client Credentials Flow for
 * Server-to-Server Integration" and "OAuth 2.0 Refresh Token Flow" (no `expires_in`; the address of the org in
 * `instance_url`). Limits: "Limit Info Header". It is held to the contract by the vendor community's own SDK
 * (test/integration/crm/salesforce-jsforce.test.ts).
 */
import { type CrmReply, type CrmRequest, type CrmServer, startCrmServer } from '../crm-server.ts';
import { answerBulk, createBulk, type SfBulk } from './bulk.ts';
import { API_USER, ORG_ID, SfOrg } from './org.ts';
import { answerRest, type SfContext } from './routes.ts';
import { SfError } from './soql.ts';

export const SF_CLIENT = { id: '3MVG9-client', secret: 's3cret-of-client' };
export const SF_VERSION = '62.0';
const BASE = `/services/data/v${SF_VERSION}`;

export interface SalesforceCrm extends CrmServer {
  readonly org: SfOrg;
  readonly context: SfContext;
  readonly bulk: SfBulk;
  /** Calls of these 24 hours, and how many there may be. */
  readonly usage: { used: number; limit: number };
  /** How often a token was given. */
  tokens: number;
  /** Every token given so far is refused from now on. */
  endTokens(): void;
  /** Adapter block. */
  readonly block: Readonly<Record<string, unknown>>;
}

export async function startSalesforce(): Promise<SalesforceCrm> {
  const org = new SfOrg();
  const bulk = createBulk();
  const usage = { used: 0, limit: 100_000 };
  const context: SfContext = { org, base: BASE, locators: new Map(), batchRecords: null };
  let token = 1;
  let origin = '';

  function answer(request: CrmRequest): CrmReply {
    const reply = answerOrRefuse(request);
    return {
      ...reply,
      headers: { date: new Date(org.now()).toUTCString(), ...limitInfo(request), ...reply.headers },
    };
  }

  function answerOrRefuse(request: CrmRequest): CrmReply {
    try {
      const { path, headers } = request;
      if (path === '/services/oauth2/token') return giveToken(request);
      if (path === '/services/data')
        return { json: [{ version: SF_VERSION, url: BASE, label: "Winter '25" }] };
      const bearer = headers.authorization ?? `Bearer ${request.query.get('oauth_token') ?? ''}`;
      if (bearer !== `Bearer ${tokenText()}`)
        throw new SfError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
      if (path === `/id/${ORG_ID}/${API_USER}`)
        return {
          json: {
            id: `${origin}${path}`,
            user_id: API_USER,
            organization_id: ORG_ID,
            username: 'sync@example.com',
          },
        };
      if (!path.startsWith(BASE))
        throw new SfError(404, 'NOT_FOUND', 'The requested resource does not exist');
      usage.used += 1;
      if (path.startsWith(`${BASE}/jobs/query`)) return answerBulk(context, bulk, request);
      return answerRest(context, request);
    } catch (thrown) {
      if (!(thrown instanceof SfError)) throw thrown;
      return refusal(thrown);
    }
  }

  const tokenText = (): string => `${ORG_ID.slice(0, 15)}!token-${token}`;

  function giveToken({ text, query }: CrmRequest): CrmReply {
    const form = new URLSearchParams(text === '' ? query.toString() : text);
    const grant = form.get('grant_type');
    if (form.get('client_id') !== SF_CLIENT.id || form.get('client_secret') !== SF_CLIENT.secret)
      return {
        status: 400,
        json: { error: 'invalid_client', error_description: 'invalid client credentials' },
      };
    if (grant === 'refresh_token' && form.get('refresh_token') !== 'r3fresh-token')
      return {
        status: 400,
        json: { error: 'invalid_grant', error_description: 'expired access/refresh token' },
      };
    if (grant !== 'client_credentials' && grant !== 'refresh_token')
      return {
        status: 400,
        json: { error: 'unsupported_grant_type', error_description: 'grant type not supported' },
      };
    server.tokens += 1;
    return {
      json: {
        access_token: tokenText(),
        instance_url: origin,
        id: `${origin}/id/${ORG_ID}/${API_USER}`,
        token_type: 'Bearer',
        issued_at: String(org.now()),
        signature: 'c2lnbmF0dXJl',
        scope: 'api',
      },
    };
  }

  function limitInfo({ path }: CrmRequest): Record<string, string> {
    if (!path.startsWith(BASE)) return {};
    return { 'sforce-limit-info': `api-usage=${usage.used}/${usage.limit}` };
  }

  const server: SalesforceCrm = Object.assign(
    await startCrmServer({
      isWrite: ({ method, path }) =>
        method !== 'GET' && path.startsWith(`${BASE}/`) && !path.includes('/jobs/'),
      answer,
      throttled: () => refusal(new SfError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.')),
      unavailable: () =>
        refusal(
          new SfError(
            400,
            'UNABLE_TO_LOCK_ROW',
            'unable to obtain exclusive access to this record or 1 records: 0030A0000000001',
          ),
        ),
    }),
    {
      org,
      context,
      bulk,
      usage,
      tokens: 0,
      endTokens: () => {
        token += 1;
      },
      block: {},
    },
  );
  origin = server.origin;
  return Object.assign(server, { block: blockOf(origin) });
}

function refusal({ status, code, message, fields, more }: SfError): CrmReply {
  return { status, json: [{ message, errorCode: code, fields, ...more }] };
}

function blockOf(loginUrl: string): Readonly<Record<string, unknown>> {
  return {
    adapter: 'salesforce',
    loginUrl,
    clientId: SF_CLIENT.id,
    clientSecret: SF_CLIENT.secret,
    apiVersion: SF_VERSION,
    object: 'Contact',
    externalId: 'Udesk_Id__c',
    fields: {
      name: 'LastName',
      note: 'Description',
      emails: ['Email', 'Email_2__c'],
      phones: ['MobilePhone', 'Phone'],
    },
  };
}
