/** The `http` adapter's block of the configuration; docs/adapters/http.md tells it key by key. */
import { z } from 'zod';
import {
  auth,
  author,
  field,
  find,
  format,
  KINDS,
  list,
  method,
  name,
  offset,
  origin,
  params,
  path,
  plain,
  recordPath,
  urlPath,
  write,
} from './config-parts.ts';

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
    author: author.optional(),
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
    mayHide: z
      .boolean()
      .default(false)
      .describe('a record that lives may be out of the sight of this login: absence then proves no deletion'),
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
      .strictObject({
        perMinute: z.int().min(1).optional().describe('calls in every sliding minute, retries included'),
        account: name
          .optional()
          .describe(
            'names the account that is counted; pairs with the same base URL and name share the limit',
          ),
        concurrency: z.int().min(1).max(64).default(4),
      })
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
