/**
 * A CRM of the REST family: offset paging, PATCH with ETag and If-Match, errors by status, OAuth 2 client credentials.
 * A PATCH puts a nested object in the place of what was there, as many an API does.
 */
import {
  CRM_SYNC,
  CrmConflict,
  CrmPeople,
  type CrmPerson,
  type CrmReply,
  type CrmRequest,
  type CrmServer,
  startCrmServer,
} from './crm-server.ts';

export interface RestCrm extends CrmServer {
  readonly people: CrmPeople;
  /** Every token given so far is refused from now on. */
  endTokens(): void;
  /** Adapter block in YAML, indented by nothing. */
  readonly block: Readonly<Record<string, unknown>>;
}

export async function startRestCrm(): Promise<RestCrm> {
  const people = new CrmPeople();
  let token = 1;

  function answer(request: CrmRequest): CrmReply {
    const { method, path, headers } = request;
    if (path === '/oauth/token') return giveToken(request);
    if (headers.authorization !== `Bearer token-${token}`) return error(401, 'unauthorized', 'who are you?');
    if (path === '/api/v2/contacts') return method === 'POST' ? create(request) : list(request.query);
    const person = people.find(path.replace('/api/v2/contacts/', ''));
    if (person === undefined) return error(404, 'not_found', 'no such contact');
    if (method === 'GET') return shown(person);
    const expected = headers['if-match'];
    if (expected !== undefined && expected !== etag(person)) return error(412, 'precondition', 'it moved');
    if (method === 'DELETE') {
      people.remove(person);
      return { status: 204 };
    }
    return write(person, request.body);
  }

  function giveToken({ text, headers }: CrmRequest): CrmReply {
    const expected = `Basic ${Buffer.from('client:s3cret-of-client').toString('base64')}`;
    const granted = new URLSearchParams(text).get('grant_type') === 'client_credentials';
    if (headers.authorization !== expected || !granted) return error(401, 'invalid_client', 'no');
    return { json: { access_token: `token-${token}`, token_type: 'Bearer', expires_in: 3600 } };
  }

  function list(query: URLSearchParams): CrmReply {
    const [email, phone, externalId, since] = ['email', 'phone', 'external_id', 'updated_since'].map((key) =>
      query.get(key),
    );
    let rows = people.all;
    if (email !== null && email !== undefined) rows = people.byEmail(email);
    if (phone !== null && phone !== undefined) rows = people.byPhone(phone);
    if (externalId !== null && externalId !== undefined)
      rows = rows.filter((person) => person.externalId === externalId);
    if (since !== null && since !== undefined)
      rows = rows.filter((person) => person.updatedAtMs >= Date.parse(since));
    const offset = Number(query.get('offset') ?? 0);
    const page = rows.slice(offset, offset + Math.min(250, Number(query.get('limit') ?? 20)));
    return { json: { items: page.map(row), meta: { total: rows.length } } };
  }

  function create({ body }: CrmRequest): CrmReply {
    try {
      const no = refuse(body);
      if (no !== null) return no;
      const person = people.insert({}, (body.external_id as string | undefined) ?? null);
      return { ...write(person, body), status: 201 };
    } catch (thrown) {
      if (thrown instanceof CrmConflict) return error(409, 'duplicate', thrown.message);
      throw thrown;
    }
  }

  function write(person: CrmPerson, body: Record<string, unknown>): CrmReply {
    const no = refuse(body);
    if (no !== null) return no;
    if ('name' in body) person.name = body.name as string | null;
    if ('custom' in body) {
      const custom = body.custom as { note?: string | null; tier?: string };
      person.note = custom.note ?? null;
      tiers.set(person.id, custom.tier ?? null);
    }
    if ('external_id' in body) person.externalId = body.external_id as string | null;
    if ('emails' in body)
      person.emails = (body.emails as { id?: number; address: string; is_primary?: boolean }[]).map(
        (one) => ({
          id: one.id ?? people.point('').id,
          value: one.address,
        }),
      );
    if ('phones' in body)
      person.phones = (body.phones as { id?: number; number: string; kind: string }[]).map((one) => {
        if (one.kind !== 'work') throw new Error('a phone without its kind');
        return { id: one.id ?? people.point('').id, value: one.number };
      });
    people.touch(person, CRM_SYNC);
    return shown(person);
  }

  const refuse = ({ name }: Record<string, unknown>): CrmReply | null =>
    typeof name === 'string' && name.includes('refuse me')
      ? error(422, 'invalid', `the name ${name} is not allowed`)
      : null;

  /** A member of `custom` that nobody maps: it must survive. */
  const tiers = new Map<number, string | null>();

  const row = (person: CrmPerson) => ({
    id: person.id,
    name: person.name,
    custom: { note: person.note, tier: tiers.get(person.id) ?? null },
    emails: person.emails.map(({ id, value }, at) => ({ id, address: value, is_primary: at === 0 })),
    phones: person.phones.map(({ id, value }) => ({ id, number: value, kind: 'work' })),
    external_id: person.externalId,
    updated_at: new Date(person.updatedAtMs).toISOString(),
    revision: person.version,
    updated_by: { id: person.editor.id, name: person.editor.name },
  });
  const shown = (person: CrmPerson): CrmReply => ({ json: row(person), headers: { etag: etag(person) } });

  const server = await startCrmServer({
    isWrite: ({ method, path }) => method !== 'GET' && path !== '/oauth/token',
    answer,
    throttled: () => ({ ...error(429, 'slow_down', 'too many'), headers: { 'retry-after': '7' } }),
    unavailable: () => error(503, 'maintenance', 'back soon'),
  });
  return Object.assign(server, {
    people,
    endTokens: () => {
      token += 1;
    },
    block: restBlock(server.origin),
  });
}

const etag = (person: CrmPerson): string => `"${person.id}-${person.version}"`;

function error(status: number, code: string, message: string): CrmReply {
  return { status, json: { error: { code, message } } };
}

function restBlock(origin: string): Readonly<Record<string, unknown>> {
  return {
    adapter: 'http',
    baseUrl: `${origin}/api/v2`,
    auth: {
      type: 'oauth2',
      endpoint: `${origin}/oauth/token`,
      clientId: 'client',
      clientSecret: 's3cret-of-client',
    },
    externalId: { path: 'external_id', unique: true },
    updatedAt: { path: 'updated_at' },
    author: { id: 'updated_by.id', name: 'updated_by.name', ownId: CRM_SYNC.id },
    timeResolutionMs: 1,
    version: { ifMatch: true, path: 'revision' },
    list: {
      path: '/contacts',
      records: 'items',
      total: 'meta.total',
      pageSize: { param: 'limit', value: 250 },
      paging: { kind: 'offset', param: 'offset' },
      changedSince: { param: 'updated_since', overlapMs: 0 },
    },
    get: { path: '/contacts/{id}' },
    find: { email: { param: 'email' }, phone: { param: 'phone' }, externalId: { param: 'external_id' } },
    create: { path: '/contacts' },
    update: { path: '/contacts/{id}' },
    delete: { method: 'DELETE', path: '/contacts/{id}' },
    errors: {
      code: 'error.code',
      message: 'error.message',
      map: [{ status: 503, code: 'maintenance', kind: 'transient' }],
    },
    fields: {
      note: 'custom.note',
      emails: { path: 'emails', as: 'objects', value: 'address', id: 'id', primary: 'is_primary' },
      phones: { path: 'phones', as: 'objects', value: 'number', id: 'id', extra: { kind: 'work' } },
    },
  };
}
