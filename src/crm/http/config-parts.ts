/** The pieces of the `http` adapter's block: each a schema of its own, with what it can say of itself. */
import { z } from 'zod';
import { PATH_FORM } from './paths.ts';
import { TIME_FORMATS } from './times.ts';

export const path = z
  .string()
  .regex(PATH_FORM, 'must be a path such as data.items or phones[0].number')
  .describe('where it stands in the JSON: data.items, phones[0].number');
export const name = z.string().min(1);
export const urlPath = z
  .string()
  .regex(/^\/[^?#\s]*$/, 'must begin with / and hold no query; give fixed parameters under params');
export const recordPath = urlPath.refine((text) => !text.includes('{') || text.split('{id}').length === 2, {
  message: 'may hold {id} once, and no other braces',
});
export const method = z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
export const plain = z.union([z.string(), z.number(), z.boolean()]);
export const params = z
  .record(name, plain)
  .default({})
  .describe('sent with every such request: in the query of GET and DELETE, else in the JSON body');
const zone = z.string().regex(/^[+-]\d\d:\d\d$/, 'must be an offset such as +08:00');
export const offset = zone.default('+00:00').describe('of times that name no zone');
export const format = z.enum(TIME_FORMATS).default('iso').describe('datetime is 2025-01-31 23:59:59');

export const origin = z.string().refine(isBaseUrl, {
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

export const author = z
  .strictObject({
    id: path.optional().describe('id of whoever changed the record last'),
    name: path.optional().describe('their name'),
    at: z.strictObject({ path, format, offset }).optional().describe('when (default: updatedAt)'),
    ownId: plain.optional().describe('what `id` holds after a write of ours: the id of our user there'),
    ownName: name.optional().describe('what `name` holds after a write of ours'),
  })
  .superRefine((block, context) => {
    const issue = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (block.id === undefined && block.name === undefined) issue('name', 'give name, id or both');
    if (block.ownId !== undefined && block.id === undefined)
      issue('id', 'is missing: ownId is compared with it');
    if (block.ownName !== undefined && block.name === undefined)
      issue('name', 'is missing: ownName is compared with it');
    if (block.ownId === undefined && block.ownName === undefined)
      issue(
        block.id === undefined ? 'ownName' : 'ownId',
        'is missing: without it our own writes would be shown as edits of a person',
      );
  })
  .describe('who changed a record last, where the API tells it');

export const auth = z
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

export const paging = z
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

export const list = z.strictObject({
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
      lateMs: z
        .int()
        .nonnegative()
        .optional()
        .describe('how long after its time a change may still show up, where the vendor says so'),
    })
    .optional(),
  showsDeleted: z.boolean().default(false).describe('records that match `deleted` are in the list, too'),
});

export const find = z.union([
  z.literal('scan').describe('read the whole list each time'),
  z.strictObject({
    param: name,
    method: z.enum(['GET', 'POST']).optional(),
    path: urlPath.optional().describe('default: that of the list'),
    params: z.record(name, plain).optional().describe('default: those of the list'),
    records: path.optional().describe('default: that of the list'),
  }),
]);

export const field = z.union([
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

export const write = {
  wrap: path.optional().describe('where the record stands in the body; left out: it is the body'),
  record: path.optional().describe('where the answer holds the written record'),
  answers: z
    .enum(['record', 'nothing'])
    .default('record')
    .describe('nothing: the answer does not hold the record, so it is read afterwards'),
  params,
};

export const KINDS = [
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
