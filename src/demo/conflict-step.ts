/** Step 5: two people give one field two values. It is held, shown, decided, and then both sides agree. */
import { showValue } from '../cli/show-value.ts';
import type { Value } from '../core/value.ts';
import { decideConflict } from '../store/conflict-decisions.ts';
import { type ConflictRow, listConflicts, loadConflict } from '../store/conflicts.ts';
import { CAST } from './cast.ts';
import type { Facts } from './claims.ts';
import { contact, customer, waitFor } from './live-edits.ts';
import type { Stage } from './stage.ts';

export type ConflictFacts = Pick<Facts, 'conflict' | 'resolved'>;

const NOTE = '其余字段照常同步 the rest flows on';

export async function oneConflict(stage: Stage): Promise<ConflictFacts> {
  const { show, words, simulator, crm, context, place } = stage;
  const { db } = stage.runtime.engine;
  show.step(5, words.steps.conflict);
  const before = customer(stage, CAST.contested);
  const wanted = { base: before.nick_name, udesk: '李娜 (Udesk)', crm: '李娜 (CRM)' };
  simulator.tenant.edit(before.id, { nick_name: wanted.udesk });
  await crm.sql`update contact set name = ${wanted.crm}, note = ${NOTE} where ${CAST.contested} = any(emails)`;
  const rowsOfPerson = async () =>
    (await listConflicts(db, { states: ['open'], limit: 1000 })).filter(
      ({ udeskId }) => udeskId === before.id,
    );
  await waitFor(async () => (await rowsOfPerson()).length > 0, context.signal);
  const restFlowed = await waitFor(
    () => customer(stage, CAST.contested).description === NOTE,
    context.signal,
  );
  const rows = await rowsOfPerson();
  const [row] = rows;
  const held = await both(stage);
  if (row !== undefined) showConflict(stage, row);
  show.mark(restFlowed, words.claims.stillHeld(held, restFlowed));
  const conflict: Facts['conflict'] = {
    rows: rows.length,
    field: row?.field ?? null,
    values:
      row === undefined ? null : { base: text(row.base?.udesk), udesk: text(row.udesk), crm: text(row.crm) },
    wanted,
    held,
    restFlowed,
  };
  if (row === undefined) return { conflict, resolved: { state: 'missing', ...held, wanted: wanted.crm } };

  show.line(words.decide(`${place.cli} conflicts resolve ${row.id} --take crm`));
  await decideConflict(db, { conflictId: row.id, who: 'demo', take: 'crm', value: null, at: new Date() });
  const done = await waitFor(
    async () => (await loadConflict(db, row.id))?.state === 'resolved',
    context.signal,
  );
  const state = (await loadConflict(db, row.id))?.state ?? 'missing';
  const resolved = { state, ...(await both(stage)), wanted: wanted.crm };
  show.mark(done, words.claims.decided(resolved));
  return { conflict, resolved };
}

function showConflict({ show, words }: Stage, row: ConflictRow): void {
  show.line(words.conflictOf(row.id, row.field, row.udeskId ?? '', row.crmId ?? ''));
  const rows = [
    { who: words.columns.base, value: showValue(row.base?.udesk ?? null), at: '' },
    { who: 'Udesk', value: showValue(row.udesk), at: row.udeskAt ?? row.openedAt },
    { who: 'CRM', value: showValue(row.crm), at: row.crmAt ?? row.openedAt },
  ];
  show.table(rows, [
    { title: '', value: ({ who }) => who },
    { title: words.columns.value, value: ({ value }) => value },
    { title: words.columns.since, value: ({ at }) => at },
  ]);
}

async function both(stage: Stage): Promise<{ udesk: string; crm: string }> {
  return {
    udesk: customer(stage, CAST.contested).nick_name,
    crm: (await contact(stage, CAST.contested)).name ?? '',
  };
}

function text(value: Value | null | undefined): string {
  return typeof value === 'string' ? value : '';
}
