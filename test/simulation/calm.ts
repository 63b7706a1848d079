/** What happens once all faults are over, until the world is at rest, and what is looked at then. */
import { sql } from 'drizzle-orm';
import { retryParked } from '../../src/store/parked-decisions.ts';
import { rows } from '../../src/store/tx.ts';
import { afterStep, atTheEnd, type Closed } from './checkers.ts';
import { quietLinks } from './ours.ts';
import type { EngineProcess } from './process.ts';
import { changesTold, noteReading, position } from './reading.ts';
import { approve } from './reviews.ts';
import { textToken } from './tokens.ts';
import type { World } from './world.ts';

/** Cycles until everything is at rest (P6), beginning with the first after the last fault. */
const CALM_CYCLES = 4;

/** All faults are over, and nobody edits: whatever waits for a person is answered once. */
export async function calmDown(
  world: World,
  closed: Closed,
  atRest: (world: World) => Promise<void> = async () => {},
): Promise<void> {
  world.tell('calm: faults heal, people go home');
  world.calm = true;
  world.jump(0);
  await readChanges(world);
  world.process.dead = true;
  world.configure(null);
  const process: EngineProcess = world.start();
  let quiet = false;
  for (let n = 1; n <= CALM_CYCLES && !quiet; n += 1) {
    // Longer than any write waits before it is tried again, and than our clock was ahead: what was seen then lies behind us.
    world.pass(n === 1 && world.setBack ? 2 * 3_600_000 : 600_000);
    if (n === 1) await tryParkedAgain(world);
    const before = world.writes.length;
    world.tell(`calm cycle ${n}`);
    const report = await process.sync();
    const hash = report?.waiting?.hash;
    if (hash !== undefined) await approve(world, hash);
    if (report === null) world.violation('P6', 'a cycle in a calm world failed');
    await afterStep(world, closed);
    quiet = world.writes.length === before && n > 1;
  }
  if (!quiet) world.violation('P4', `after ${CALM_CYCLES} calm cycles something is still written`);
  if (world.violations.length === 0) await atTheEnd(world);
  await atRest(world);
  if (world.violations.length === 0) await oneEdit(world);
}

/** P4: once the world is calm, one edit costs one write, and no echo. */
async function oneEdit(world: World): Promise<void> {
  const links = await quietLinks(world);
  const link = links.find(({ udesk, crm }) => world.people.udesk.get(udesk) && world.people.crm.get(crm));
  if (link === undefined) return;
  world.tell('calm: one edit of a name in Udesk');
  const value = textToken(AFTER_ALL, 0);
  world.people.udesk.text(link.udesk, 'name', value);
  world.ledger.holds('udesk', value);
  const before = world.writes.length;
  for (let n = 0; n < 3; n += 1) {
    world.pass(600_000);
    await world.process.sync();
  }
  const ours = new Set([`udesk ${link.udesk}`, `crm ${link.crm}`]);
  const written = world.writes
    .slice(before)
    .filter(({ side, id }) => ours.has(`${side} ${id}`))
    .map(({ side, op, id }) => `${op} of ${side} ${id}`);
  if (written.length === 0 && (await isQuarantined(world, link.udesk))) return;
  if (written.length !== 1 || written[0] !== `update of crm ${link.crm}`)
    world.violation('P4', `one edit of udesk ${link.udesk} cost ${written.join(', ') || 'nothing'}`);
}

/** A step that no script has. */
const AFTER_ALL = 99_999;

/**
 * P2: the change cursor tells of every edit, those that were committed late, too. Looked at before anything is read in
 * full: that would mend what the cursor missed.
 */
async function readChanges(world: World): Promise<void> {
  if (!world.script.setting.crm.changeCursor || world.process.dead) return;
  world.tell('calm: the changes of the CRM are read');
  world.pass(600_000);
  const before = await position(world);
  await world.process.cycle(['crm']);
  await noteReading(world, before, world.process.lastReport);
  await changesTold(world);
}

async function tryParkedAgain(world: World): Promise<void> {
  const found = await rows<{ id: string }>(
    world.db,
    sql`select id from udesk_sync.parked where pair = ${world.name} and state = 'parked' and kind not in ('uncertain-create', 'identity') order by id`,
  );
  for (const { id } of found)
    await retryParked(world.db, { parkedId: id, who: 'reviewer', at: new Date(world.now) });
}

/**
 * Here people of both sides answer each other within seconds, again and again: that is a fight for all that anybody can tell,
 * and the edit stands in the row that a person is asked about.
 */
async function isQuarantined(world: World, udeskId: string): Promise<boolean> {
  const found = await rows(
    world.db,
    sql`select 1 from udesk_sync.conflict c join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id
        where c.pair = ${world.name} and l.udesk_id = ${udeskId} and c.field = 'nick_name'
          and c.kind = 'tug-of-war' and c.state = 'open'`,
  );
  return found.length > 0;
}
