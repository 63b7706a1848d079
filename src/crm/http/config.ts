/** The `http` adapter's block of the configuration; docs/adapters.md tells it key by key. */
import { z } from 'zod';
import { PATH_FORM } from './paths.ts';
import { TIME_FORMATS } from './times.ts';

const path = z
  .string()
  .regex(PATH_FORM, 'must be a path such as data.items or phones[0].number')
  .describe('where it stands in the JSON: data.items, phones[0].number');
const name = z.string().min(1);
const urlPath = z
  .string()
  .regex(/^\/[^?#\s]*$/, 'must begin with / and hold no query; give fixed parameters under params');
const recordPath = urlPath.refine((text) => !text.includes('{') || text.split('{id}').length === 2, {
  message: 'may hold {id} once, and no other braces',
});
const method = z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
const plain = z.union([z.string(), z.number(), z.boolean()]);
const params = z
  .record(name, plain)
  .default({})
  .describe('sent with every such request: in the query of GET and DELETE, else in the JSON body');
const zone = z.string().regex(/^[+-]\d\d:\d\d$/, 'must be an offset such as +08:00');
const offset = zone.default('+00:00').describe('of times that name no zone');
const format = z.enum(TIME_FORMATS).default('iso').describe('datetime is 2025-01-31 23:59:59');

const origin = z.string().refine(isBaseUrl, {
  message: 'must be an http(s) address without user, password, query and fragment',
});

function isBaseUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}

/** Which keys belong to which kind: each kind needs some, may have others, and no more. */
type Kinds = Readonly<
  Record<string, { readonly needs: readonly string[]; readonly may?: readonly string[] }>
>;

function keysByKind(kinds: Kinds, selector: string) {
  const all = [...new Set(Object.values(kinds).flatMap(({ needs, may = [] }) => [...needs, ...may]))];
  return (block: object, context: z.RefinementCtx): void => {
    const given = block as Readonly<Record<string, unknown>>;
    const kind = String(given[selector]);
    const { needs = [], may = [] } = kinds[kind] ?? {};
    for (const key of all) {
      const issue = (message: string) => context.addIssue({ code: 'custom', path: [key], message });
      if (needs.includes(key) && given[key] === undefined) issue(`is missing: ${selector}: ${kind} needs it`);
      if (given[key] !== undefined && !needs.includes(key) && !may.includes(key))
        issue(`has no meaning with ${selector}: ${kind}`);
    }
  };
}

const auth = z
  .strictObject({
    type: z.enum(['bearer', 'header', 'basic', 'oauth2']),
    token: name.optional().describe('bearer'),
    name: name.optional().describe('header: its name'),
    secret: name.optional().describe('header: its value'),
    username: z.string().optional().describe('basic'),
    password: z.string().optional().describe('basic'),
    endpoint: origin.optional().describe('oauth2: where a client gets its token (client credentials)'),
    clientId: name.optional().describe('oauth2'),
    clientSecret: name.optional().describe('oauth2'),
    scope: name.optional().describe('oauth2'),
    sendIn: z
      .enum(['basic', 'body'])
      .optional()
      .describe('oauth2: how the client says who it is (default: basic)'),
  })
  .superRefine(
    keysByKind(
      {
        bearer: { needs: ['token'] },
        header: { needs: ['name', 'secret'] },
        basic: { needs: ['username', 'password'] },
        oauth2: { needs: ['endpoint', 'clientId', 'clientSecret'], may: ['scope', 'sendIn'] },
      },
      'type',
    ),
  );

const paging = z
  .strictObject({
    kind: z.enum(['offset', 'page', 'cursor', 'next', 'link']),
    param: name.optional().describe('offset, page or cursor: the parameter that it is sent as'),
    first: z.int().min(0).optional().describe('page: number of the first page (default: 1)'),
    next: path
      .optional()
      .describe('cursor and next: where the answer holds it; missing, null or empty at the end'),
    keyset: z
      .boolean()
      .optional()
      .describe('next and link: true when the vendor walks by record and not by page number'),
  })
  .superRefine(
    keysByKind(
      {
        offset: { needs: ['param'] },
        page: { needs: ['param'], may: ['first'] },
        cursor: { needs: ['param', 'next'] },
        next: { needs: ['next'], may: ['keyset'] },
        link: { needs: [], may: ['keyset'] },
      },
      'kind',
    ),
  );

const list = z.strictObject({
  method: z.enum(['GET', 'POST']).default('GET'),
  path: urlPath,
  params,
  records: path.optional().describe('the list of records in the answer; left out: the answer is the list'),
  total: path.optional().describe('how many records there are in all'),
  pageSize: z
    .strictObject({ param: name.optional(), value: z.int().min(1).max(10_000).default(100) })
    .prefault({}),
  paging,
  changedSince: z
    .strictObject({
      param: name,
      format,
      offset,
      overlapMs: z
        .int()
        .nonnegative()
        .default(60_000)
        .describe('how far each look at the changes reaches back'),
    })
    .optional(),
  showsDeleted: z.boolean().default(false).describe('records that match `deleted` are in the list, too'),
});

const find = z.union([
  z.literal('scan').describe('read the whole list each time'),
  z.strictObject({
    param: name,
    method: z.enum(['GET', 'POST']).optional(),
    path: urlPath.optional().describe('default: that of the list'),
    params: z.record(name, plain).optional().describe('default: those of the list'),
    records: path.optional().describe('default: that of the list'),
  }),
]);

const field = z.union([
  path,
  z
    .strictObject({
      path: path.optional(),
      slots: z.array(path).min(1).optional().describe('a set in fixed places, one value each'),
      as: z
        .enum(['text', 'number', 'boolean', 'date', 'strings', 'objects'])
        .optional()
        .describe('one value: text (default), number, boolean, date; a set: strings (default) or objects'),
      value: path.optional().describe('objects: where an element holds its value'),
      id: path.optional().describe('objects: where an element holds its own id'),
      primary: path.optional().describe('objects: true for the first among them'),
      extra: z.record(name, plain).optional().describe('objects: what a new element gets besides'),
      words: z
        .strictObject({ true: plain, false: plain })
        .optional()
        .describe('boolean: how the API says it'),
      format: z.enum(TIME_FORMATS).optional().describe('date: how the API writes it'),
      offset: zone.optional(),
      trim: z.boolean().default(false),
      lower: z.boolean().default(false),
      readOnly: z.boolean().default(false),
    })
    .superRefine((block, context) => {
      const issue = (key: string, message: string) =>
        context.addIssue({ code: 'custom', path: [key], message });
      if ((block.path === undefined) === (block.slots === undefined))
        issue('path', 'give exactly one of path and slots');
      if (block.slots !== undefined && block.as !== undefined) issue('as', 'has no meaning with slots');
      if (block.as === 'objects' && block.value === undefined) issue('value', 'is missing: objects need it');
      for (const key of ['value', 'id', 'primary', 'extra'] as const)
        if (block[key] !== undefined && block.as !== 'objects') issue(key, 'belongs to as: objects');
      if (block.words !== undefined && block.as !== 'boolean') issue('words', 'belongs to as: boolean');
      for (const key of ['format', 'offset'] as const)
        if (block[key] !== undefined && block.as !== 'date') issue(key, 'belongs to as: date');
    }),
]);

const write = {
  wrap: path.optional().describe('where the record stands in the body; left out: it is the body'),
  record: path.optional().describe('where the answer holds the written record'),
  answers: z
    .enum(['record', 'nothing'])
    .default('record')
    .describe('nothing: the answer does not hold the record, so it is read afterwards'),
  params,
};

const KINDS = [
  'rejected',
  'duplicate',
  'throttled',
  'auth',
  'stale',
  'not-found',
  'transient',
  'ambiguous',
] as const;
export type RefusalKind = (typeof KINDS)[number];

export const httpConfigSchema = z
  .strictObject({
    adapter: z.literal('http'),
    baseUrl: origin.describe('what every path below is appended to'),
    auth: auth.optional(),
    headers: z.record(name, z.string()).default({}).describe('sent with every request; no secrets: use auth'),
    account: z
      .strictObject({ path: urlPath, id: path })
      .optional()
      .describe('tells whose data this is: when it changes, nothing is written before somebody looked'),
    id: path.default('id').describe('where a record holds its id'),
    idAs: z.enum(['text', 'number']).default('text').describe('how the id goes into a JSON body'),
    externalId: z
      .strictObject({
        path,
        unique: z.boolean().default(false).describe('the API refuses the same one twice'),
      })
      .optional(),
    updatedAt: z.strictObject({ path, format, offset }).optional(),
    timeResolutionMs: z.int().min(1).default(1_000).describe('finest step of its times'),
    version: z
      .strictObject({
        ifMatch: z.boolean().default(false).describe('ETag of the answer of `get`, sent back as If-Match'),
        path: path.optional().describe('a version inside the record'),
        sendIn: path.optional().describe('where the body of an update holds the version that it is about'),
      })
      .refine(
        (block) => block.ifMatch !== (block.sendIn !== undefined),
        'give exactly one of ifMatch and sendIn',
      )
      .refine((block) => block.sendIn === undefined || block.path !== undefined, 'sendIn needs path')
      .optional(),
    omitsEmpty: z.boolean().default(false).describe('a field that is missing in a record is empty'),
    deleted: z
      .strictObject({ path, equals: z.array(z.union([plain, z.null()])).min(1) })
      .optional()
      .describe('records that are shown, and count as deleted'),
    list,
    get: z.strictObject({
      method: z.enum(['GET', 'POST']).default('GET'),
      path: recordPath,
      idIn: name.optional().describe('parameter that holds the id, where the path does not'),
      params,
      record: path.optional(),
      notFound: z
        .array(z.strictObject({ status: z.int().optional(), code: plain.optional() }))
        .default([])
        .describe('answers that mean that there is no such record, besides 404 and 410'),
      etag: name.default('etag').describe('header that holds the ETag'),
    }),
    find: z
      .strictObject({ email: find, phone: find, externalId: find, lagMs: z.int().nonnegative() })
      .partial()
      .prefault({}),
    create: z.strictObject({
      method: z.enum(['POST', 'PUT']).default('POST'),
      path: urlPath,
      ...write,
      id: path.optional().describe('where the answer holds the id, when it does not hold the record'),
      idempotencyHeader: name.optional(),
    }),
    update: z.strictObject({
      method: z.enum(['PATCH', 'PUT', 'POST']).default('PATCH'),
      path: recordPath,
      idIn: path.optional(),
      send: z.enum(['changed', 'whole']).default('changed'),
      ...write,
    }),
    delete: z
      .union([
        z.strictObject({ method, path: recordPath, idIn: path.optional(), params }),
        z.strictObject({ archive: z.strictObject({ path, value: plain }) }),
      ])
      .optional(),
    errors: z
      .strictObject({
        code: path.optional().describe('where an answer holds its code'),
        ok: z.array(plain).min(1).optional().describe('codes that mean success, at any 2xx status'),
        message: path.optional().describe("where an answer holds the vendor's words"),
        map: z
          .array(
            z.strictObject({
              status: z.int().min(100).max(599).optional(),
              code: plain.optional(),
              kind: z.enum(KINDS),
            }),
          )
          .default([])
          .describe('the first that fits decides; statuses have sensible defaults'),
      })
      .prefault({}),
    limits: z
      .strictObject({ perMinute: z.int().min(1).optional(), concurrency: z.int().min(1).max(64).default(4) })
      .prefault({}),
    fields: z
      .record(name, field)
      .default({})
      .describe('name used under the fields of the pair → place; default: the same name'),
  })
  .superRefine((block, context) => {
    const issue = (at: readonly (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path: [...at], message });
    for (const key of ['get', 'update', 'delete'] as const) {
      const request = block[key];
      if (request === undefined || !('path' in request)) continue;
      const inPath = request.path.includes('{id}');
      if (inPath === (request.idIn !== undefined))
        issue([key, 'path'], 'must hold {id}, or idIn must say where the id goes');
    }
    if (block.list.showsDeleted && block.deleted === undefined)
      issue(['deleted'], 'is missing: list.showsDeleted needs to know which records they are');
    if (block.delete !== undefined && 'archive' in block.delete && block.deleted === undefined)
      issue(['deleted'], 'is missing: delete.archive needs to know which records count as deleted');
    if (block.list.changedSince !== undefined && block.updatedAt === undefined)
      issue(['updatedAt'], 'is missing: list.changedSince goes by it');
    if (block.externalId === undefined && block.find.externalId !== undefined)
      issue(['find', 'externalId'], 'has no meaning without externalId');
    if (block.externalId !== undefined && block.find.externalId === undefined)
      issue(['find', 'externalId'], 'is missing: give the request, or scan');
    if (block.errors.ok !== undefined && block.errors.code === undefined)
      issue(['errors', 'code'], 'is missing: errors.ok needs it');
    for (const [index, rule] of block.errors.map.entries()) {
      if (rule.status === undefined && rule.code === undefined)
        issue(['errors', 'map', index], 'give status, code or both');
      if (rule.code !== undefined && block.errors.code === undefined)
        issue(['errors', 'code'], 'is missing: errors.map asks for codes');
    }
    if (block.create.answers === 'nothing' && block.create.id === undefined)
      issue(['create', 'id'], 'is missing: without the record the answer must at least hold the id');
  });

export type HttpConfig = z.output<typeof httpConfigSchema>;
export type FieldConfig = Exclude<HttpConfig['fields'][string], string>;
export type FindConfig = Exclude<NonNullable<HttpConfig['find']['email']>, 'scan'>;
export type AuthConfig = NonNullable<HttpConfig['auth']>;
