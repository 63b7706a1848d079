/** What the API takes and gives. The OpenAPI document is made from these schemas, and requests are read by them. */
import { z } from 'zod';
import { CONFLICT_KINDS } from '../../core/link.ts';
import { BULK_LIMIT } from '../conflicts/bulk.ts';
import { inboxParams } from '../conflicts/query.ts';

const id = z.string().regex(/^[1-9]\d{0,17}$/);
const time = z.iso.datetime();
const value = z
  .unknown()
  .describe('As the side holds it: text, true, false, null, {"absent": true}, or a list of {"id", "value"}');
const take = z.enum(['udesk', 'crm', 'base', 'value']);

export const choice = z.object({
  take,
  refusal: z.string().nullable().describe('Null: it can be taken; else why not'),
  effects: z.array(
    z.object({
      side: z.enum(['udesk', 'crm']),
      action: z.enum(['keeps', 'gets']),
      now: value,
      after: value.optional(),
    }),
  ),
  record: z.object({ action: z.enum(['delete', 'create']), side: z.enum(['udesk', 'crm']) }).nullable(),
});

export const conflict = z.object({
  id,
  pair: z.string(),
  linkId: id,
  udeskId: z.string().nullable(),
  crmId: z.string().nullable(),
  name: z.string().nullable().describe('What the customer is called'),
  field: z.string().describe('Udesk name of the field; * for a whole record'),
  kind: z.enum(CONFLICT_KINDS),
  state: z.enum(['open', 'resolving', 'resolved', 'converged']),
  base: value.describe("What both last agreed on, in Udesk's values"),
  udesk: value,
  crm: value,
  udeskAt: z.string().nullable(),
  crmAt: z.string().nullable(),
  reason: z.string(),
  resolvedBy: z.string().nullable(),
  openedAt: time,
  changedAt: time.describe('Give it as `seen` with a decision'),
  closedAt: time.nullable(),
});

export const conflictDetail = conflict.extend({
  choices: z.array(choice).describe('What each choice would write'),
  progress: z.object({ step: z.enum(['open', 'void', 'under-way', 'stuck', 'done']), undo: z.boolean() }),
  decisions: z.array(z.object({ who: z.string(), take: z.string(), at: time })),
});

export const listParams = inboxParams.extend({ limit: z.coerce.number().int().min(1).max(200).default(50) });
export const conflictList = z.object({
  conflicts: z.array(conflict),
  total: z.int().describe('How many fit the filter'),
  next: z.string().nullable().describe('Cursor of the following page'),
  previous: z.string().nullable(),
});

export const decisionBody = z.strictObject({
  take,
  value: z
    .union([z.string(), z.boolean(), z.null(), z.array(z.string())])
    .optional()
    .describe("For take: value, in Udesk's values; null clears the field, a list is a set"),
  emptying: z.boolean().optional().describe('It is known that this empties a set'),
  seen: time
    .optional()
    .describe('changedAt of the conflict as it was read: a decision about other values is refused'),
});

export const bulkBody = z.strictObject({
  take: z.enum(['udesk', 'crm', 'base']),
  conflicts: z
    .array(z.strictObject({ id, seen: time }))
    .min(1)
    .max(BULK_LIMIT),
});
export const bulkAnswer = z.object({
  decided: z.array(id),
  left: z.array(id).describe('Somebody was faster, the values have changed, or the choice cannot be made'),
});

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('For programs'),
    detail: z.string(),
    instance: z.string().optional(),
  })
  .describe('RFC 9457');
