/** The `postgres` adapter's block of the configuration (interface.md, "The postgres CRM adapter's block"). */
import { z } from 'zod';

const column = z.string().min(1);

const contactPoints = z
  .strictObject({
    column: column.optional().describe('one column that holds them all: text[], a jsonb array, or one text'),
    columns: z.array(column).min(1).optional().describe('fixed slots, one value each'),
    table: column.optional().describe('a child table, one row for each'),
    key: column.optional().describe('primary key of the child table (default: id)'),
    foreignKey: column.optional().describe('column of the child table that holds the key of the main table'),
    value: column.optional().describe('column of the child table that holds the address or the number'),
    primary: column.optional().describe('boolean column of the child table: the first among them'),
  })
  .superRefine((block, context) => {
    const forms = [block.column, block.columns, block.table].filter((form) => form !== undefined);
    if (forms.length !== 1) {
      context.addIssue({ code: 'custom', message: 'give exactly one of column, columns and table' });
    }
    for (const key of ['foreignKey', 'value'] as const) {
      if (block.table !== undefined && block[key] === undefined) {
        context.addIssue({ code: 'custom', path: [key], message: 'a child table needs it' });
      }
    }
    for (const key of ['key', 'foreignKey', 'value', 'primary'] as const) {
      if (block.table === undefined && block[key] !== undefined) {
        context.addIssue({
          code: 'custom',
          path: [key],
          message: 'belongs to a child table: give table too',
        });
      }
    }
  });

const author = z
  .strictObject({
    id: column.optional().describe('column with the id of whoever changed the row last'),
    name: column.optional().describe('text column with their name'),
    at: column.optional().describe('timestamptz: when that was (default: updatedAt)'),
    ownId: z.string().min(1).optional().describe('what our writes leave in `id`'),
    ownName: z.string().min(1).default('udesk-sync').describe('what our writes leave in `name`'),
  })
  .superRefine((block, context) => {
    const issue = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (block.id === undefined && block.name === undefined) issue('name', 'give name, id or both');
    if (block.id !== undefined && block.ownId === undefined)
      issue('ownId', 'is missing: without it a write of ours would keep the id of whoever edited before');
  })
  .describe('who changed a row last; the application, or a trigger, keeps it with every edit');

export const postgresConfigSchema = z
  .strictObject({
    adapter: z.literal('postgres'),
    url: z.string().min(1).describe('postgres://user:password@host:5432/database'),
    table: z.string().min(1).describe('table, schema.table or "Quoted"."Names"'),
    key: column.default('id').describe('primary key column: bigint, uuid or text'),
    externalId: column.optional().describe('text column, unique: our marker, then the Udesk id'),
    updatedAt: column.optional().describe('timestamptz, raised by every change: the change cursor'),
    overlapMs: z
      .int()
      .nonnegative()
      .default(60_000)
      .describe('how far each look at the changes reaches back, for transactions that commit late'),
    deletedAt: column.optional().describe('timestamptz set on deletion; left out: rows really go'),
    version: column
      .optional()
      .describe(
        "integer that every write raises: compare-and-set; xmin: Postgres' own, for a table without one",
      ),
    changedBy: z
      .enum(['updatedAt', 'version'])
      .optional()
      .describe(
        'what tells which rows changed: updatedAt (default where it is given), or version, where every write of the table takes the next number of one sequence, or xmin',
      ),
    author: author.optional(),
    columns: z.record(z.string(), column).default({}).describe('field name → column; default: the same name'),
    emails: contactPoints.optional(),
    phones: contactPoints.optional(),
  })
  .superRefine((block, context) => {
    if (block.changedBy !== undefined && block[block.changedBy] === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['changedBy'],
        message: `needs ${block.changedBy}, which is not given`,
      });
    }
  });

export type PostgresConfig = z.output<typeof postgresConfigSchema>;
export type ContactPointsConfig = z.output<typeof contactPoints>;
