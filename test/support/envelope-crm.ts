/**
 * A CRM of the envelope family: POST for everything, HTTP 200 with a code, cursor paging, updated_since, an external id,
 * archived instead of deleted, and no compare-and-set. A write answers no more than the id.
 */
import {
  CRM_SYNC,
  CrmConflict,
  CrmPeople,
  type CrmPerson,
  type CrmPoint,
  type CrmReply,
  type CrmRequest,
  type CrmServer,
  startCrmServer,
} from './crm-server.ts';

export interface EnvelopeCrm extends CrmServer {
  readonly people: CrmPeople;
  readonly block: Readonly<Record<string, unknown>>;
}

const KEY = 'k3y-of-the-envelope';

export async function startEnvelopeCrm(): Promise<EnvelopeCrm> {
  const people = new CrmPeople();

  function answer(request: CrmRequest): CrmReply {
    if (request.headers['x-api-key'] !== KEY) return failed(40100, 'no such key');
    const { path, body } = request;
    switch (path) {
      case '/open/contact/list':
        return list(body);
      case '/open/contact/get': {
        const person = byId(body.contact_id);
        return person === undefined ? failed(40401, 'contact does not exist') : done(row(person));
      }
      case '/open/contact/create':
        return create(body.contact as Record<string, unknown>);
      case '/open/contact/update': {
        const person = byId(body.contact_id);
        if (person === undefined) return failed(40401, 'contact does not exist');
        return write(person, body.contact as Record<string, unknown>);
      }
      default:
        return { status: 404, json: { code: 40400, msg: 'no such method' } };
    }
  }

  const byId = (id: unknown) =>
    typeof id === 'string' && id.startsWith('C') ? people.find(id.slice(1)) : undefined;

  function list(body: Record<string, unknown>): CrmReply {
    let rows = people.all;
    if (typeof body.email === 'string') rows = people.byEmail(body.email);
    if (typeof body.phone === 'string') rows = people.byPhone(body.phone);
    if (typeof body.ext_id === 'string') rows = rows.filter(({ externalId }) => externalId === body.ext_id);
    if (typeof body.modified_from === 'string') {
      const since = Date.parse(`${body.modified_from.replace(' ', 'T')}+08:00`);
      rows = rows.filter((person) => Math.floor(person.updatedAtMs / 1000) * 1000 >= since);
    }
    const after = typeof body.cursor === 'string' ? Number(body.cursor) : 0;
    const rest = rows.filter(({ id }) => id > after);
    const page = rest.slice(0, Number(body.size));
    const next = rest.length > page.length ? String(page.at(-1)?.id) : '';
    return done({ list: page.map(row), next_cursor: next, total: rows.length });
  }

  function create(contact: Record<string, unknown>): CrmReply {
    try {
      const person = people.insert({}, (contact.ext_id as string | undefined) ?? null);
      return write(person, contact);
    } catch (thrown) {
      if (thrown instanceof CrmConflict) return failed(40901, thrown.message);
      throw thrown;
    }
  }

  function write(person: CrmPerson, contact: Record<string, unknown>): CrmReply {
    const points = (values: readonly unknown[]): CrmPoint[] =>
      values.map((value) => people.point(String(value)));
    if ('full_name' in contact) person.name = contact.full_name as string | null;
    if ('remark' in contact) person.note = contact.remark as string | null;
    if ('email_list' in contact) person.emails = points((contact.email_list as unknown[] | null) ?? []);
    if ('mobile' in contact || 'telephone' in contact) {
      const [mobile, telephone] = [slot(person, 0), slot(person, 1)];
      const now = { mobile, telephone, ...contact } as { mobile: string | null; telephone: string | null };
      // Both places are kept: the second stays the second when the first is empty.
      person.phones = points([now.mobile ?? '', now.telephone ?? '']);
    }
    if ('ext_id' in contact) person.externalId = contact.ext_id as string | null;
    if ('is_archived' in contact) person.archived = contact.is_archived === 1;
    people.touch(person, CRM_SYNC);
    return done({ contact_id: `C${person.id}` });
  }

  const server = await startCrmServer({
    isWrite: ({ path }) => path.endsWith('/create') || path.endsWith('/update'),
    answer,
    throttled: () => ({ ...failed(42900, 'too many calls'), headers: { 'retry-after': '7' } }),
    unavailable: () => failed(50300, 'system busy, nothing was done'),
  });
  return Object.assign(server, { people, block: envelopeBlock(server.origin) });
}

const slot = (person: CrmPerson, at: number): string | null => person.phones[at]?.value || null;

const row = (person: CrmPerson) => ({
  contact_id: `C${person.id}`,
  full_name: person.name,
  remark: person.note,
  email_list: person.emails.map(({ value }) => value),
  mobile: slot(person, 0),
  telephone: slot(person, 1),
  ext_id: person.externalId,
  is_archived: person.archived ? 1 : 0,
  modifier: person.editor.name,
  modified: new Date(person.updatedAtMs + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '),
});

function done(data: unknown): CrmReply {
  return { json: { code: 0, msg: 'ok', data } };
}

function failed(code: number, msg: string): CrmReply {
  return { json: { code, msg } };
}

function envelopeBlock(origin: string): Readonly<Record<string, unknown>> {
  return {
    adapter: 'http',
    baseUrl: `${origin}/open`,
    auth: { type: 'header', name: 'X-Api-Key', secret: KEY },
    id: 'contact_id',
    externalId: { path: 'ext_id', unique: true },
    updatedAt: { path: 'modified', format: 'datetime', offset: '+08:00' },
    author: { name: 'modifier', ownName: CRM_SYNC.name },
    deleted: { path: 'is_archived', equals: [1] },
    list: {
      method: 'POST',
      path: '/contact/list',
      records: 'data.list',
      total: 'data.total',
      pageSize: { param: 'size', value: 200 },
      paging: { kind: 'cursor', param: 'cursor', next: 'data.next_cursor' },
      changedSince: { param: 'modified_from', format: 'datetime', offset: '+08:00' },
      showsDeleted: true,
    },
    get: { method: 'POST', path: '/contact/get', idIn: 'contact_id', record: 'data' },
    find: { email: { param: 'email' }, phone: { param: 'phone' }, externalId: { param: 'ext_id' } },
    create: { path: '/contact/create', wrap: 'contact', answers: 'nothing', id: 'data.contact_id' },
    update: {
      method: 'POST',
      path: '/contact/update',
      idIn: 'contact_id',
      wrap: 'contact',
      answers: 'nothing',
    },
    delete: { archive: { path: 'is_archived', value: 1 } },
    errors: {
      code: 'code',
      ok: [0],
      message: 'msg',
      map: [
        { code: 40100, kind: 'auth' },
        { code: 40401, kind: 'not-found' },
        { code: 40901, kind: 'duplicate' },
        { code: 42900, kind: 'throttled' },
        { code: 50300, kind: 'transient' },
      ],
    },
    fields: {
      name: 'full_name',
      note: 'remark',
      emails: 'email_list',
      phones: { slots: ['mobile', 'telephone'] },
    },
  };
}
