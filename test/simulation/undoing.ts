/** The person who has undone what we wrote: by its decision, by its link, or by its run, as the pages and `revert` do it. */
import { sql } from 'drizzle-orm';
import { asElements } from '../../src/core/equivalence.ts';
import { SIDES } from '../../src/core/record.ts';
import { previewRevert } from '../../src/engine/revert.ts';
import { standingWrites, undoDecision } from '../../src/engine/undo-decision.ts';
import { type NewRevertField, requestRevert } from '../../src/store/reverts.ts';
import type { RevertScope } from '../../src/store/schema/revert.ts';
import { rows } from '../../src/store/tx.ts';
import { confirmedLinks } from './ours.ts';
import { chosen } from './reviews.ts';
import type { Act } from './script.ts';
import { nameOf } from './shared.ts';
import { plain } from './tokens.ts';
import type { World } from './world.ts';

type Undo = Extract<Act, { do: 'undo' }>;

export async function undo(world: World, act: Undo): Promise<void> {
  if (act.what === 'decision') return await undoOneDecision(world, act);
  const scope = await scopeOf(world, act);
  if (scope === null) return;
  const at = new Date(world.now);
  const { wishes } = await previewRevert(
    { db: world.db, clock: () => at },
    world.spec(),
    scope,
    act.bothSides,
  );
  for (const wish of wishes) await noteWanted(world, wish);
  if (wishes.length > 0)
    await requestRevert(world.db, { pair: world.name, who: 'reviewer', scope, at }, wishes);
  const of = scope.link === undefined ? `run ${scope.run}` : `link ${scope.link}`;
  world.tell(
    `  a person undoes what was written to ${of}${act.bothSides ? ', on both sides' : ''}: ${wishes.map(({ linkId, field }) => `${field} of ${linkId}`).join(', ')}`,
  );
}

/** Of what was settled last, as far back as the pick says. */
async function scopeOf({ db, name }: World, { what, pick }: Undo): Promise<RevertScope | null> {
  const column = sql.raw(what === 'link' ? 'link_id' : 'run_id');
  const found = await rows<{ id: string }>(
    db,
    sql`select ${column}::text as id from udesk_sync.intent where pair = ${name} and state = 'settled'
        group by ${column} order by max(id) desc limit 4`,
  );
  const one = found[pick % Math.max(1, found.length)];
  return one === undefined ? null : { [what]: one.id };
}

async function undoOneDecision(world: World, { pick }: Undo): Promise<void> {
  const decided = await rows<{ id: string; pair: string; linkId: string; field: string }>(
    world.db,
    sql`select id, pair, link_id as "linkId", field from udesk_sync.conflict
        where pair = ${world.name} and state = 'resolved' order by id desc limit 4`,
  );
  const conflict = decided[pick % Math.max(1, decided.length)];
  if (conflict === undefined) return;
  const undoer = { db: world.db, specOf: () => world.spec() };
  const standing = (await standingWrites(undoer, [conflict])).get(conflict.id);
  for (const wish of standing?.wishes ?? []) await noteWanted(world, wish);
  const outcome = await undoDecision(undoer, conflict, { who: 'reviewer', at: new Date(world.now) });
  world.tell(`  a person undoes the decision of conflict ${conflict.id}: ${outcome}`);
}

/** What we replaced is wanted back, whoever took it away; what we put there instead this person saw, and does not want. */
async function noteWanted(world: World, { linkId, writes }: NewRevertField): Promise<void> {
  const link = (await confirmedLinks(world)).find(({ id }) => id === linkId);
  if (link === undefined) return;
  const names = SIDES.map((side) => nameOf(side, link[`${side}_id`]));
  for (const side of SIDES)
    for (const { before, result } of writes[side] ?? []) {
      const values = (of: typeof before) => asElements(of).map(({ value }) => value);
      const kept = new Set(values(result).map(plain));
      for (const value of values(before)) {
        await chosen(world, value, { udesk: link.udesk_id, crm: link.crm_id });
        if (!kept.has(plain(value))) world.ledger.backWith(value, names);
      }
      const had = new Set(values(before).map(plain));
      for (const value of values(result)) if (!had.has(plain(value))) world.ledger.seen(value);
    }
}
