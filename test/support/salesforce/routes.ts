/**
 * The REST resources below /services/data/vXX.0 that the tests speak: "Query", "QueryAll", "sObject Rows", "sObject Rows by
 * External ID", "sObject Describe", "sObject Get Deleted", "sObject Get Updated", "sObject Collections", "Limits", as the
 * vendor's REST API Developer Guide has them; errors as in "Status Codes and Error Responses": a list of errorCode,
 * message and fields.
 */
import type { CrmReply, CrmRequest } from '../crm-server.ts';
import { type SfOrg, type SfWrite, trimmed } from './org.ts';
import { describeObject } from './schema.ts';
import { SfError, type SfRow, type SfValue } from './soql.ts';

/** Rows of one answer of a query; the real figure is 2,000 unless told ("Query Options Header"). */
const BATCH_RECORDS = 2_000;
const MAX_COLLECTION = 200;

export interface SfContext {
  readonly org: SfOrg;
  /** `/services/data/v62.0` */
  readonly base: string;
  /** Open query locators: what is left of a result. */
  readonly locators: Map<
    string,
    {
      readonly object: string;
      readonly names: readonly string[];
      readonly rows: SfRow[];
      readonly total: number;
    }
  >;
  /** Fewer rows in one answer, as a wide query has them. */
  batchRecords: number | null;
}

export function answerRest(context: SfContext, request: CrmRequest): CrmReply {
  const path = request.path.slice(context.base.length).replace(/\/+$/, '');
  const [, resource = '', name = '', third = '', fourth = ''] = path.split('/');
  switch (resource) {
    case 'query':
    case 'queryAll':
      return name === ''
        ? query(context, request, resource === 'queryAll')
        : queryMore(context, resource, name);
    case 'limits':
      return { json: { DailyApiRequests: { Max: 100_000, Remaining: 99_000 } } };
    case 'sobjects':
      if (name === '')
        return {
          json: {
            encoding: 'UTF-8',
            maxBatchSize: 200,
            sobjects: context.org.objects.map((one) => ({ name: one.name })),
          },
        };
      if (third === 'describe') return { json: describeObject(context.org.object(name)) };
      if (third === 'deleted' || third === 'updated') return replicated(context, name, third, request);
      if (fourth !== '' || third.endsWith('__c'))
        return rowByExternalId(context, request, name, third, path.split('/').slice(4).join('/'));
      return third === '' ? create(context, request, name) : row(context, request, name, third);
    case 'composite':
      if (name === 'sobjects') return collection(context, request, third, fourth);
  }
  throw new SfError(404, 'NOT_FOUND', 'The requested resource does not exist');
}

export function timeText(ms: SfValue): string {
  return new Date(Number(ms)).toISOString().replace('Z', '+0000');
}

/** A row as JSON: times as text, and where it stands. */
export function show(
  context: SfContext,
  object: string,
  names: readonly string[],
  found: SfRow,
): Record<string, unknown> {
  const fields = context.org.objects.find((one) => one.name === object)?.fields ?? [];
  const shown: Record<string, unknown> = {
    attributes: { type: object, url: `${context.base}/sobjects/${object}/${found.Id}` },
  };
  for (const name of names) {
    const type =
      fields.find((one) => one.name === name)?.type ?? (name === 'CreatedDate' ? 'datetime' : 'string');
    const value = name === 'Name' ? fullName(found) : (found[name] ?? null);
    const told = type === 'datetime' && value !== null ? timeText(value) : value;
    const [parent, child] = name.split('.');
    if (child !== undefined && parent !== undefined)
      shown[parent] = { ...(shown[parent] as object), [child]: told };
    else shown[name] = told;
  }
  return shown;
}

function fullName(found: SfRow): string | null {
  return trimmed(`${found.FirstName ?? ''} ${found.LastName ?? ''}`);
}

function query(context: SfContext, request: CrmRequest, all: boolean): CrmReply {
  const { query: asked, rows } = context.org.query(request.query.get('q') ?? '', all);
  if (asked.select === null) return { json: { totalSize: rows.length, done: true, records: [] } };
  const locator = `01g00000000${String(context.locators.size + 1).padStart(4, '0')}AAA`;
  context.locators.set(locator, { object: asked.from, names: asked.select, rows, total: rows.length });
  return batch(context, all ? 'queryAll' : 'query', locator, 0);
}

function queryMore(context: SfContext, resource: string, name: string): CrmReply {
  const match = /^(\w+)-(\d+)$/.exec(name);
  if (match === null || !context.locators.has(match[1] ?? ''))
    throw new SfError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
  return batch(context, resource, match[1] ?? '', Number(match[2]));
}

function batch(context: SfContext, resource: string, locator: string, from: number): CrmReply {
  const open = context.locators.get(locator);
  if (open === undefined) throw new SfError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
  const to = from + (context.batchRecords ?? BATCH_RECORDS);
  const done = to >= open.rows.length;
  return {
    json: {
      totalSize: open.total,
      done,
      ...(done ? {} : { nextRecordsUrl: `${context.base}/${resource}/${locator}-${to}` }),
      records: open.rows.slice(from, to).map((found) => show(context, open.object, open.names, found)),
    },
  };
}

function create({ org }: SfContext, request: CrmRequest, object: string): CrmReply {
  if (request.method !== 'POST') throw new SfError(405, 'METHOD_NOT_ALLOWED', 'HTTP Method not allowed');
  const made = org.insert(object, withoutAttributes(request.body), writeOf(request));
  return { status: 201, json: { id: made.Id, success: true, errors: [] } };
}

function row(context: SfContext, request: CrmRequest, object: string, id: string): CrmReply {
  const { org } = context;
  const { method, query: asked, headers } = request;
  const seed = org.object(object);
  if (!/^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$/.test(id))
    throw new SfError(400, 'MALFORMED_ID', `${seed.name} ID: id value of incorrect type: ${id}`);
  if (method === 'GET') {
    const found = org.find(object, id);
    if (found === null || found.IsDeleted === true)
      throw new SfError(404, 'NOT_FOUND', 'The requested resource does not exist');
    const names = asked.get('fields')?.split(',') ?? seed.fields.map((one) => one.name);
    for (const name of names) {
      const field = seed.fields.find((one) => one.name === name);
      if (field === undefined || field.mayRead === false)
        throw new SfError(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object}`);
    }
    return {
      json: show(context, seed.name, names, found),
      headers: { 'last-modified': new Date(Number(found.LastModifiedDate)).toUTCString() },
    };
  }
  if (method === 'DELETE') {
    org.remove(object, id);
    return { status: 204 };
  }
  if (method !== 'PATCH') throw new SfError(405, 'METHOD_NOT_ALLOWED', 'HTTP Method not allowed');
  // "Conditional Request Headers": weak validation against the last modified date, in whole seconds.
  const since = headers['if-unmodified-since'];
  if (since !== undefined) {
    const ms = Date.parse(since);
    if (Number.isNaN(ms))
      throw new SfError(400, 'INVALID_IF_UNMODIFIED_SINCE', 'invalid date in If-Unmodified-Since');
    if (Number(org.must(object, id).LastModifiedDate) > ms) return { status: 412 };
  }
  org.update(object, id, withoutAttributes(request.body), writeOf(request));
  return { status: 204 };
}

function rowByExternalId(
  context: SfContext,
  request: CrmRequest,
  object: string,
  field: string,
  value: string,
): CrmReply {
  const { org } = context;
  const found = org.byExternalId(object, field, value);
  if (found.length > 1)
    return { status: 300, json: found.map((one) => `${context.base}/sobjects/${object}/${one.Id}`) };
  const [only] = found;
  if (request.method === 'PATCH') {
    const result = upsertOne(org, object, field, value, withoutAttributes(request.body), writeOf(request));
    return { status: result.created ? 201 : 200, json: { ...result, success: true, errors: [] } };
  }
  if (only === undefined) throw new SfError(404, 'NOT_FOUND', 'The requested resource does not exist');
  return row(context, request, object, String(only.Id));
}

function upsertOne(
  org: SfOrg,
  object: string,
  field: string,
  value: string,
  body: Readonly<Record<string, unknown>>,
  how: SfWrite,
) {
  if ('Id' in body || 'id' in body)
    throw new SfError(400, 'INVALID_FIELD', 'The Id field should not be specified in the sobject data.');
  const [only, ...more] = org.byExternalId(object, field, value);
  if (more.length > 0)
    throw new SfError(
      300,
      'DUPLICATE_EXTERNAL_ID',
      `${field}: more than one record found for external id field`,
      [field],
    );
  const id =
    only === undefined
      ? org.insert(object, { ...body, [field]: value }, how).Id
      : org.update(object, String(only.Id), body, how).Id;
  return { id, created: only === undefined };
}

/** Answers row by row, in the order of the request; with allOrNone nothing is kept once one failed. */
function collection(context: SfContext, request: CrmRequest, object: string, field: string): CrmReply {
  const { org } = context;
  const { method, body, query: asked } = request;
  if (method === 'POST' && object !== '') {
    const { ids, fields } = body as { ids: string[]; fields: string[] };
    return {
      json: ids.map((id) =>
        org.find(object, id) === null ? null : show(context, object, fields, org.must(object, id)),
      ),
    };
  }
  const records =
    method === 'DELETE'
      ? (asked.get('ids') ?? '').split(',').map((id) => ({ id }))
      : ((body.records ?? []) as Record<string, unknown>[]);
  if (records.length > MAX_COLLECTION)
    throw new SfError(
      400,
      'EXCEEDED_ID_LIMIT',
      'record limit reached. cannot submit more than 200 records into this call',
    );
  const how = writeOf(request);
  const results = records.map((record) => {
    try {
      const { attributes, id, ...values } = record as { attributes?: { type?: string }; id?: string };
      const type =
        object ||
        attributes?.type ||
        org.objects.find((one) => String(id).startsWith(one.prefix))?.name ||
        '';
      if (method === 'DELETE') org.remove(type, String(id));
      else if (method === 'POST') return { id: org.insert(type, values, how).Id, success: true, errors: [] };
      else if (field !== '') {
        const { [field]: key, ...rest } = values as Record<string, unknown>;
        return { ...upsertOne(org, type, field, String(key), rest, how), success: true, errors: [] };
      } else org.update(type, String(id), values, how);
      return { id, success: true, errors: [] };
    } catch (thrown) {
      if (!(thrown instanceof SfError)) throw thrown;
      return {
        success: false,
        errors: [{ statusCode: thrown.code, message: thrown.message, fields: thrown.fields }],
      };
    }
  });
  return { json: results };
}

function replicated(
  { org }: SfContext,
  object: string,
  what: string,
  { query: asked }: CrmRequest,
): CrmReply {
  const [start, end] = ['start', 'end'].map((key) => Date.parse(asked.get(key) ?? ''));
  const seed = org.object(object);
  const within = (row: SfRow): boolean =>
    Number(row.SystemModstamp) >= Number(start) && Number(row.SystemModstamp) < Number(end);
  const latestDateCovered = timeText(Math.min(Number(end), org.now()));
  if (what === 'updated')
    return {
      json: {
        ids: org
          .live(seed.name)
          .filter(within)
          .map((row) => row.Id),
        latestDateCovered,
      },
    };
  const gone = org.rows(seed.name).filter((row) => row.IsDeleted === true && within(row));
  return {
    json: {
      deletedRecords: gone.map((row) => ({ id: row.Id, deletedDate: timeText(row.SystemModstamp ?? null) })),
      earliestDateAvailable: timeText(org.now() - 15 * 86_400_000),
      latestDateCovered,
    },
  };
}

function writeOf({ headers }: CrmRequest): SfWrite {
  return { allowDuplicates: /allowSave=true/i.test(String(headers['sforce-duplicate-rule-header'] ?? '')) };
}

function withoutAttributes({ attributes: _, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest;
}
