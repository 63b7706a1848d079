/**
 * Where edits ended (P2), for runs that are too long to look at: each edit has a value of its own, so that whether it
 * arrived, is kept in a conflict, or was superseded on its own side can be counted.
 */

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

/** The key of a row of `held`. */
export const heldKey = (email: string, field: string, value: string) => JSON.stringify([email, field, value]);

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
export const CONFLICT_VALUES = `
  select udesk #>> '{}' as u, crm #>> '{}' as c, base ->> 'udesk' as b from udesk_sync.conflict`;

/** The most calls in any sliding 60 s. */
export function busiestMinute(times: readonly number[]): number {
  let most = 0;
  let from = 0;
  for (const [n, at] of times.entries()) {
    while (at - (times[from] ?? at) >= 60_000) from += 1;
    most = Math.max(most, n - from + 1);
  }
  return most;
}
