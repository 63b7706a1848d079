/** What the API takes and gives. The OpenAPI document is made from these schemas, and requests are read by them. */
import { z } from 'zod';
import { KNOWN_BY } from '../../core/edit-author.ts';
import { CONFLICT_KINDS } from '../../core/link.ts';
import { ROW_ID } from '../../lib/row-id.ts';
import { BULK_LIMIT } from '../conflicts/bulk.ts';
import { inboxParams } from '../conflicts/query.ts';

export const id = z.string().regex(ROW_ID);
export const time = z.iso.datetime();
export const value = z
  .unknown()
  .describe('As the side holds it: text, true, false, null, {"absent": true}, or a list of {"id", "value"}');
export const sideName = z.enum(['udesk', 'crm']);
export const idOrNull = z.string().nullable();
const take = z.enum(['udesk', 'crm', 'base', 'value']);

const effects = z.array(
  z.object({ side: sideName, action: z.enum(['keeps', 'gets']), now: value, after: value.optional() }),
);
const recordEffect = z.object({ action: z.enum(['delete', 'create']), side: sideName }).nullable();

export const choice = z.object({
  take,
  refusal: z.string().nullable().describe('Null: it can be taken; else why not'),
  effects,
  record: recordEffect,
});

export const author = z
  .object({
    name: z.string().nullable(),
    at: z.string().nullable().describe('By the clock of the side'),
    knownBy: z
      .enum(KNOWN_BY)
      .describe(
        "history: by the side's own record of changes; field: the record's last edit is that of this field; record: whoever changed the record last",
      ),
  })
  .nullable()
  .describe('Null: not known');

export const conflict = z.object({
  id,
  pair: z.string(),
  linkId: id,
  udeskId: z.string().nullable(),
  crmId: z.string().nullable(),
  name: z.string().nullable().describe('What the customer is called'),
  owner: z.string().nullable().describe("Udesk's id of the customer's owner"),
  authors: z
    .array(z.string())
    .describe('Who made the edits, as far as the CRM and the histories that were read tell'),
  crmAuthor: author.describe('Who made the edit of the CRM; null where the CRM does not tell'),
  assignee: z.string().nullable().describe('Who shall decide it'),
  notes: z.int().describe('How many notes there are about this field of the customer'),
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
  udeskAuthor: author.describe('Who made the edit of Udesk; null where its history names nobody'),
  choices: z.array(choice).describe('What each choice would write'),
  progress: z.object({
    step: z.enum(['open', 'void', 'under-way', 'stuck', 'done']),
    undo: z
      .boolean()
      .describe('It can be taken back: nothing was sent yet, or what was written still stands'),
    waitingFor: z
      .string()
      .nullable()
      .describe(
        'The state of the write (held: by a guard; parked: set aside), waiting for a cycle, first-run, account (another one answers), other-create (one with the same e-mail or phone comes first), own-create (the customer is to be created first), whole (the conflict about the whole customer comes first), or ended (they were deleted on one side, and have to come back)',
      ),
    reason: z
      .string()
      .nullable()
      .describe(
        'What was said to a write that was refused or is tried again, why a guard holds it, why the last cycle failed, or why the decision is void',
      ),
  }),
  decisions: z.array(z.object({ who: z.string(), take: z.string(), at: time })),
});

/** Rows of a page. */
export const limit = z.coerce.number().int().min(1).max(200).default(50);
export const listParams = inboxParams.extend({ limit });
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

const takeSide = z.enum(['udesk', 'crm', 'base']);
const manyIds = z.array(id).min(1).max(BULK_LIMIT);

export const previewBody = z
  .strictObject({
    take: takeSide,
    conflicts: manyIds.optional(),
    filter: inboxParams
      .omit({ state: true, cursor: true })
      .strict()
      .optional()
      .describe('All open ones that fit, as in the list'),
  })
  .refine(({ conflicts, filter }) => (conflicts === undefined) !== (filter === undefined), {
    error: 'conflicts or filter',
  })
  .describe('Either conflicts or filter');
export const previewAnswer = z.object({
  decidable: z.array(z.object({ id, seen: time, effects, record: recordEffect })),
  refused: z.array(z.object({ id, reason: z.string() })),
  writes: z.object({ udesk: z.int(), crm: z.int() }).describe('So many writes to each side'),
  capped: z.boolean().describe(`More fit than the ${BULK_LIMIT} that are decided in one go`),
});

export const undoBody = z.strictObject({ conflicts: manyIds });
export const undoAnswer = z.object({
  withdrawn: z.array(id),
  left: z.array(id).describe('Nobody decided them, or a write for them has been sent'),
});

export const bulkBody = z.strictObject({
  take: takeSide,
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
    errors: z
      .array(
        z.object({
          parameter: z.string().optional(),
          header: z.string().optional(),
          pointer: z.string().optional().describe('Place in the body (RFC 6901)'),
          detail: z.string(),
        }),
      )
      .optional()
      .describe('Of a request that cannot be read: all that is wrong with it'),
  })
  .describe('RFC 9457');
