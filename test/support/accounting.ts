/**
 * Where edits ended (P2), for runs that are too long to look at: each edit has a value of its own, so that whether it
 * arrived, is kept in a conflict, or was superseded on its own side can be counted.
 */

import type postgres from 'postgres';
import { busiestMinute } from '../../src/lib/sliding-window.ts';
import type { TenantHandle } from '../../src/simulator/handle.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

/** One field under its name on both sides. */
export interface EditedField {
  readonly udesk: string;
  readonly crm: string;
}

export interface Edit {
  readonly at: number;
  readonly side: 'udesk' | 'crm';
  /** The customer's, which no edit changes. */
  readonly email: string;
  readonly field: EditedField;
  /** No other edit has it. */
  readonly value: string;
}

export interface Evidence {
  /** Whether the CRM ever held this value there; see `WRITE_DOWN`. */
  readonly heldByCrm: (edit: Edit) => boolean;
  /** Whether the customer's history at Udesk says so. */
  readonly heldByUdesk: (edit: Edit) => boolean;
  /** Every value that a conflict names. */
  readonly inConflicts: ReadonlySet<string>;
}

export interface Fates {
  arrived: number;
  held: number;
  superseded: number;
  lost: Edit[];
}

/** @param edits oldest first */
export function fatesOf(edits: readonly Edit[], evidence: Evidence): Fates {
  const fates: Fates = { arrived: 0, held: 0, superseded: 0, lost: [] };
  const placeOf = ({ side, email, field }: Edit) => JSON.stringify([side, email, field.udesk]);
  const last = new Map(edits.map((edit) => [placeOf(edit), edit]));
  for (const edit of edits) {
    const arrived = edit.side === 'udesk' ? evidence.heldByCrm(edit) : evidence.heldByUdesk(edit);
    if (arrived) fates.arrived += 1;
    else if (evidence.inConflicts.has(edit.value)) fates.held += 1;
    else if (last.get(placeOf(edit)) !== edit) fates.superseded += 1;
    else fates.lost.push(edit);
  }
  return fates;
}

/** Of a simulated tenant in this process, a CRM that writes down, and our database. */
export async function evidenceOf(
  tenant: Pick<TenantHandle, 'feeds' | 'find'>,
  crm: postgres.Sql,
  ours: postgres.Sql,
): Promise<Evidence> {
  const held = await heldByCrm(crm);
  return {
    heldByCrm: held,
    heldByUdesk: ({ email, value }) =>
      tenant
        .feeds(tenant.find('email', email)?.id ?? '')
        .some(({ summary }) => summary.includes(`“${value}”`)),
    inConflicts: await inConflicts(ours),
  };
}

/** Of a CRM that writes down. */
export async function heldByCrm(crm: postgres.Sql): Promise<Evidence['heldByCrm']> {
  const rows = await crm`select email, field, value from held where value is not null`;
  const held = new Set(rows.map((row) => heldKey(row.email, row.field, row.value)));
  return ({ email, field, value }) => held.has(heldKey(email, field.crm, value));
}

export async function inConflicts(ours: postgres.Sql): Promise<Evidence['inConflicts']> {
  const rows = await ours.unsafe(CONFLICT_VALUES);
  return new Set(rows.flatMap(({ u, c, b }) => [u, c, b]));
}

/** The key of a row of `held`. */
const heldKey = (email: string, field: string, value: string) => JSON.stringify([email, field, value]);

/** A CRM that writes down every value that it ever held, whoever wrote it. */
export const WRITE_DOWN = `
  create table held (email text, field text, value text);
  create function write_down() returns trigger language plpgsql as $$
  begin
    insert into held values (new.emails[1], 'name', new.name), (new.emails[1], 'note', new.note);
    return new;
  end $$;
  create trigger contact_held after insert or update on contact for each row execute function write_down();`;

/** The values of a conflict, one column each. */
const CONFLICT_VALUES = `
  select udesk #>> '{}' as u, crm #>> '{}' as c, base ->> 'udesk' as b from udesk_sync.conflict`;

/** The most requests that reached the tenant in any sliding 60 s, by its own clock (P10). */
export function busiestMinuteOf({ log }: Pick<Simulator, 'log'>): number {
  return busiestMinute(log.map(({ at }) => at).sort((a, b) => a - b));
}
