/**
 * A small Odoo 19 as its documentation describes `/json/2`: one key in a header, arguments by name, the result as the
 * whole body, errors by status with the name of the Python exception. Real HTTP, rows in memory. What no documentation
 * says (which status an exception has) is taken from the pages; no live Odoo 19 was there to be measured.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FakeRow, matches } from './fake-domain.ts';

export const FAKE_KEY = '6578616d706c65206a736f6e20617069206b6579';
export const FAKE_DATABASE = 'mycompany';

/** A many2one as `read` shows it. */
export type FakeUser = readonly [id: number, name: string];
export const FAKE_PERSON: FakeUser = [2, 'Mitchell Admin'];
const FAKE_SYNC: FakeUser = [7, 'Sync'];

export type Partner = Record<string, unknown> & { id: number };
export type FakeFault = { readonly kind: 'given-up' | 'cut-after' | 'html-502' };

export interface FakeOdoo {
  readonly url: string;
  readonly partners: Map<number, Partner>;
  readonly externalIds: { id: number; module: string; name: string; model: string; res_id: number }[];
  /** Each write meets the next one. */
  readonly faults: FakeFault[];
  /** Requests that came in. */
  calls(): number;
  /** Writes that were done. */
  writes(): number;
  insert(values: FakeRow, by?: FakeUser): Partner;
  edit(id: number, values: FakeRow, by?: FakeUser): void;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  ...{
    id: 'integer',
    active: 'boolean',
    write_date: 'datetime',
    write_uid: 'many2one',
    name: 'char',
    comment: 'html',
    email: 'char',
  },
  ...{
    phone: 'char',
    x_email_2: 'char',
    x_email_3: 'char',
    x_phone_2: 'char',
    is_company: 'boolean',
    type: 'selection',
  },
  ...{ partner_share: 'boolean', lang: 'selection' },
};

class Refusal extends Error {
  readonly status: number;
  readonly exception: string;
  constructor(status: number, exception: string, message: string) {
    super(message);
    this.status = status;
    this.exception = exception;
  }
}

export async function startFakeJson2(): Promise<FakeOdoo> {
  const partners = new Map<number, Partner>();
  const externalIds: FakeOdoo['externalIds'] = [];
  const faults: FakeFault[] = [];
  let writes = 0;
  let calls = 0;
  let lastId = 0;
  const now = () => new Date().toISOString().slice(0, 19).replace('T', ' ');
  const insert = (values: FakeRow, by = FAKE_PERSON): Partner => {
    const empty = Object.fromEntries(Object.keys(TYPES).map((field) => [field, false]));
    const fixed = { active: true, type: 'contact', partner_share: true, lang: 'en_US', id: ++lastId };
    const partner: Partner = { ...empty, ...fixed, ...values, write_date: now(), write_uid: by };
    if (partner.name === false || partner.name === '')
      throw new Refusal(422, 'odoo.exceptions.ValidationError', 'Contacts require a name');
    writes += 1;
    partners.set(partner.id, partner);
    return partner;
  };
  const edit = (id: number, values: FakeRow, by = FAKE_PERSON): void => {
    const known = partners.get(id);
    if (known === undefined)
      throw new Refusal(
        404,
        'odoo.exceptions.MissingError',
        `Record does not exist (Record: res.partner(${id},))`,
      );
    for (const field of Object.keys(values))
      if (TYPES[field] === undefined)
        throw new Refusal(500, 'builtins.ValueError', `Invalid field '${field}'`);
    writes += 1;
    partners.set(id, { ...known, ...values, write_date: now(), write_uid: by });
  };
  const rowsOf = (model: string): readonly FakeRow[] => {
    if (model === 'ir.model.data') return [MAIN_COMPANY, ...externalIds];
    return [...partners.values()].sort((a, b) => a.id - b.id);
  };

  function search(model: string, { domain, limit }: Args): FakeRow[] {
    const found = rowsOf(model).filter((row) => matches(domain ?? [], row));
    return typeof limit === 'number' ? found.slice(0, limit) : found;
  }
  function load({ fields = [], data = [] }: Args): unknown {
    const [row = []] = data;
    const values = Object.fromEntries(fields.map((field, at) => [field, row[at] ?? '']));
    const [module = '', name = ''] = (values.id ?? '').split('.');
    const known = externalIds.find((one) => one.module === module && one.name === name);
    if (known !== undefined) return { ids: [known.res_id], messages: [], nextrow: 0 };
    const { id: _, ...rest } = values;
    try {
      const typed = Object.entries(rest).map(([field, text]) => [field, typedCell(field, text)]);
      const { id } = insert(Object.fromEntries(typed), FAKE_SYNC);
      externalIds.push({ id: externalIds.length + 2, module, name, model: 'res.partner', res_id: id });
      return { ids: [id], messages: [], nextrow: 0 };
    } catch (error) {
      return {
        ids: false,
        messages: [{ type: 'error', record: 0, message: (error as Error).message }],
        nextrow: 0,
      };
    }
  }
  function call(model: string, method: string, args: Args): unknown {
    switch (`${model}.${method}`) {
      case 'res.users.context_get':
        return { lang: 'en_US', tz: 'UTC', uid: FAKE_SYNC[0] };
      case 'res.partner.fields_get':
        return Object.fromEntries(
          Object.entries(TYPES).map(([field, type]) => [field, { type, readonly: false }]),
        );
      case 'res.partner.search_read':
      case 'ir.model.data.search_read':
        return search(model, args).map((row) => only(row, args.fields));
      case 'res.partner.search_count':
        return search(model, args).length;
      case 'res.partner.read':
        return (args.ids ?? []).flatMap((id) => {
          const row = partners.get(id);
          return row === undefined ? [] : [only(row, args.fields)];
        });
      case 'res.partner.has_access':
        return true;
      case 'res.partner.load':
        return load(args);
      case 'res.partner.write':
        for (const id of args.ids ?? []) edit(id, args.vals ?? {}, FAKE_SYNC);
        return true;
      case 'res.partner.unlink':
        for (const id of args.ids ?? []) partners.delete(id);
        return true;
      case 'ir.model.data.create': {
        const [row] = args.vals_list ?? [];
        if (
          row === undefined ||
          externalIds.some((one) => one.module === row.module && one.name === row.name)
        )
          throw new Refusal(
            422,
            'odoo.exceptions.ValidationError',
            'You cannot have multiple records with the same external ID',
          );
        externalIds.push({ ...row, id: externalIds.length + 2 });
        return [externalIds.length + 1];
      }
      default:
        throw new Refusal(404, 'werkzeug.exceptions.NotFound', `${model}.${method} does not exist`);
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const send = (status: number, json: unknown) =>
      void response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
        .end(JSON.stringify(json));
    calls += 1;
    if (request.method === 'GET' && request.url === '/web/version')
      return send(200, { version_info: [19, 0, 0, 'final', 0, ''], version: '19.0' });
    const [, model, method] = /^\/json\/2\/([\w.]+)\/(\w+)$/.exec(request.url ?? '') ?? [];
    if (request.method !== 'POST' || model === undefined || method === undefined)
      return void response
        .writeHead(404, { 'content-type': 'text/html' })
        .end('<title>404 Not Found</title>');
    try {
      if (request.headers.authorization !== `bearer ${FAKE_KEY}`)
        throw new Refusal(401, 'werkzeug.exceptions.Unauthorized', 'Invalid apikey');
      if (request.headers['x-odoo-database'] !== FAKE_DATABASE)
        throw new Refusal(404, 'werkzeug.exceptions.NotFound', 'no such database');
      const fault = WRITES.has(method) ? faults.shift() : undefined;
      if (fault?.kind === 'given-up')
        throw new Refusal(500, 'psycopg2.errors.SerializationFailure', 'could not serialize access');
      if (fault?.kind === 'html-502')
        return void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>');
      const result = call(model, method, JSON.parse(body) as Args);
      if (fault?.kind === 'cut-after') return void request.socket.resetAndDestroy();
      send(200, result);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, exception, message } = error;
      const debug =
        'Traceback (most recent call last):\n  File "/opt/odoo/http.py", line 2212, in _transactioning\n';
      send(status, { name: exception, message, arguments: [message], context: {}, debug });
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    partners,
    externalIds,
    faults,
    writes: () => writes,
    calls: () => calls,
    insert,
    edit,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Args {
  readonly ids?: readonly number[];
  readonly domain?: readonly unknown[];
  readonly fields?: readonly string[];
  readonly limit?: number | null;
  readonly data?: readonly (readonly string[])[];
  readonly vals?: FakeRow;
  readonly vals_list?: readonly { module: string; name: string; model: string; res_id: number }[];
}

const WRITES = new Set(['write', 'create', 'load', 'unlink']);
const MAIN_COMPANY = {
  id: 1,
  module: 'base',
  name: 'main_company',
  res_id: 1,
  create_date: '2026-01-01 00:00:00',
};

function typedCell(field: string, text: string): unknown {
  if (TYPES[field] === undefined) throw new Refusal(500, 'builtins.KeyError', field);
  return TYPES[field] === 'boolean' ? text === '1' : text === '' ? false : text;
}

function only(row: FakeRow, fields: readonly string[] = []): FakeRow {
  return Object.fromEntries(['id', ...fields].map((field) => [field, row[field] ?? false]));
}
