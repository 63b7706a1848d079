/** The `odoo` adapter's block of the configuration; docs/adapters/odoo.md tells it key by key. */
import { z } from 'zod';
import { name, origin, plain } from '../http/config-parts.ts';

const odooName = z.string().regex(/^[a-z_][a-z0-9_]*$/, 'must be the technical name of a field in Odoo');

/** One leaf of a search domain, or one of its operators before two leaves (`!`: before one). */
const leaf = z.union([
  z.enum(['&', '|', '!']),
  z.tuple([name, name, z.union([plain, z.null(), z.array(plain)])]),
]);

const field = z.union([
  odooName,
  z
    .strictObject({
      field: odooName.optional().describe('one value'),
      slots: z.array(odooName).min(1).optional().describe('a set in fixed places, one value each'),
      tags: odooName.optional().describe('a set of tags: a many2many field such as category_id'),
      ref: odooName.optional().describe('a reference: a many2one field such as user_id'),
      by: odooName
        .optional()
        .describe('tags and ref: the field of the other record that travels (default: name; user_id: email)'),
      create: z
        .boolean()
        .optional()
        .describe('tags: one that Odoo does not have yet is created (default: true)'),
      readOnly: z.boolean().default(false),
    })
    .superRefine((block, context) => {
      const issue = (key: string, message: string) =>
        context.addIssue({ code: 'custom', path: [key], message });
      const kinds = (['field', 'slots', 'tags', 'ref'] as const).filter((key) => block[key] !== undefined);
      if (kinds.length !== 1) issue(kinds[1] ?? 'field', 'give exactly one of field, slots, tags and ref');
      if (block.by !== undefined && block.tags === undefined && block.ref === undefined)
        issue('by', 'belongs to tags and ref');
      if (block.create !== undefined && block.tags === undefined) issue('create', 'belongs to tags');
    }),
]);

export const odooConfigSchema = z
  .strictObject({
    adapter: z.literal('odoo'),
    url: origin.describe('where Odoo answers, such as https://odoo.example.com'),
    database: name,
    login: name.describe('of a user that is the sync alone'),
    apiKey: name
      .optional()
      .describe('made in the preferences of that user; exactly one of apiKey and password'),
    password: name.optional(),
    api: z
      .enum(['auto', 'jsonrpc', 'json2'])
      .default('auto')
      .describe('auto: /json/2 from Odoo 19 on, JSON-RPC before'),
    records: z
      .enum(['people', 'companies', 'all'])
      .default('people')
      .describe('which partners are customers'),
    internalUsers: z.boolean().default(false).describe('true: the partners of your own staff, too'),
    domain: z.array(leaf).default([]).describe("a search domain on top, such as [['customer_rank', '>', 0]]"),
    companies: z
      .array(z.int().min(1))
      .min(1)
      .optional()
      .describe('ids of the companies to work in (default: all that the user may see)'),
    archived: z.enum(['deleted', 'live']).default('deleted').describe('what an archived partner counts as'),
    delete: z
      .enum(['archive', 'unlink', 'never'])
      .optional()
      .describe('how a deletion is carried out (default: archive; with archived: live, unlink)'),
    externalIdModule: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,59}$/, 'must be lower-case letters, digits and underscores')
      .default('udesk_sync')
      .describe('prefix of the external ids; each pair on one database needs its own'),
    newRecords: z
      .record(odooName, plain)
      .default({})
      .describe('what a new partner gets besides the mapped fields; ids for references'),
    overlapMs: z
      .int()
      .nonnegative()
      .default(300_000)
      .describe('how far each look reaches back; above the longest transaction of your Odoo'),
    pageSize: z.int().min(1).max(10_000).default(1_000),
    limits: z.strictObject({ concurrency: z.int().min(1).max(64).default(4) }).prefault({}),
    fields: z
      .record(name, field)
      .default({})
      .describe('name used under the fields of the pair → field of res.partner; default: the same name'),
  })
  .superRefine((block, context) => {
    const issue = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if ((block.apiKey === undefined) === (block.password === undefined))
      issue('apiKey', 'give exactly one of apiKey and password');
    if (block.api === 'json2' && block.apiKey === undefined)
      issue('apiKey', 'is missing: /json/2 takes no password');
    if (block.archived === 'live' && block.delete === 'archive')
      issue('delete', 'archive deletes nothing while archived: live says that archived partners are alive');
  });

export type OdooConfig = z.output<typeof odooConfigSchema>;
export type FieldBlock = Exclude<OdooConfig['fields'][string], string>;

export function deletionOf({ archived, delete: how }: OdooConfig): 'archive' | 'unlink' | 'never' {
  return how ?? (archived === 'deleted' ? 'archive' : 'unlink');
}
