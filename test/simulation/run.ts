/** Carries a script out, lets the world calm down, and says what was broken. The same script gives the same trace. */
import { sql } from 'drizzle-orm';
import type { CycleReport } from '../../src/engine/cycle.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { retryParked } from '../../src/store/parked-decisions.ts';
import { type Db, rows } from '../../src/store/tx.ts';
import { afterStep, atTheEnd, type Closed, mirrored, noteAgreed, quietLinks } from './checkers.ts';
import type { EngineProcess } from './process.ts';
import type { Script, Step } from './script.ts';
import { textToken } from './tokens.ts';
import { type Violation, World } from './world.ts';

export interface Outcome {
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
  readonly hash: string;
  readonly steps: number;
  readonly sideCalls: number;
  /** What people did, and what failed, in the middle of cycles. */
  readonly inside: number;
}

/** The pair's name: a database is used by one world at a time, and emptied before. */
const PAIR = 'world';
/** Cycles until everything is at rest (P6), beginning with the first after the last fault. */
const CALM_CYCLES = 4;

/**
 * @param untilViolation stop at the first one; what comes after it means little
 * @param atRest is shown the world that came to rest, before one more edit is made in it
 */
export async function runScript(
  script: Script,
  db: Db,
  untilViolation = true,
  atRest?: (world: World) => Promise<void>,
): Promise<Outcome> {
  await empty(db);
  const world = new World(script, db, PAIR);
  const closed: Closed = new Map();
  let done = 0;
  for (const step of script.steps) {
    world.tell(`${step.id}. ${titleOf(step)}`);
    await carryOut(world, step);
    if (changesOurs(step)) await afterStep(world, closed);
    done += 1;
    if (untilViolation && world.violations.length > 0) break;
  }
  if (world.violations.length === 0) await calmDown(world, closed, atRest);
  return {
    violations: world.violations,
    trace: world.trace,
    hash: sha256(world.trace.join('\n')),
    steps: done,
    sideCalls: world.sideCalls,
    inside: world.inside,
  };
}

/** What a person does at a side, time and restarts change nothing that we hold. */
function changesOurs(step: Step): boolean {
  if (step.kind === 'act') return REVIEWS.includes(step.act.do);
  return step.kind === 'cycle' || step.kind === 'sync';
}

const REVIEWS: readonly string[] = ['decide', 'unlink', 'confirm', 'withdraw', 'retry'];

async function carryOut(world: World, step: Step): Promise<void> {
  switch (step.kind) {
    case 'act':
      world.during(step.id, []);
      return await world.act(step.act);
    case 'hooks':
      world.hooks = step.delivery;
      return;
    case 'late-hooks':
      for (const id of world.lateHooks.splice(0)) world.process.hint(id);
      return;
    case 'clock':
      if (step.jump) world.jump(step.ms);
      else world.pass(step.ms);
      return;
    case 'restart':
      world.process.dead = true;
      world.start();
      return;
    case 'cycle': {
      const { inside } = world;
      world.during(step.id, step.interrupts);
      world.deceive(step.deceit);
      const before = await position(world);
      await world.process.cycle(step.lanes);
      await noteReading(world, before, world.process.lastReport);
      world.deceive(null);
      // P2: at once, before anything is read in full: that would mend what the change cursor missed.
      if (world.inside === inside && !world.process.dead) await changesTold(world);
      break;
    }
    case 'sync': {
      world.during(step.id, []);
      const before = await position(world);
      const report = await world.process.sync();
      await noteReading(world, before, report);
      const hash = report?.waiting?.hash;
      if (step.approve === 'another') await world.process.sync('another');
      if (step.approve === 'it' && hash !== undefined) await approve(world, hash);
      break;
    }
  }
  if (world.process.dead) world.start();
  await noteAgreed(world);
}

function titleOf(step: Step): string {
  switch (step.kind) {
    case 'act':
      return `${step.act.do}`;
    case 'hooks':
      return `callbacks: ${step.delivery}`;
    case 'clock':
      return step.jump ? `our wall clock is off by ${step.ms} ms` : `${step.ms} ms pass`;
    case 'cycle':
      return `a cycle reads ${step.lanes.join(', ')}`;
    case 'sync':
      return `a person syncs, and approves ${step.approve}`;
    default:
      return step.kind;
  }
}

/** All faults are over, and nobody edits: whatever waits for a person is answered once. */
async function calmDown(
  world: World,
  closed: Closed,
  atRest: (world: World) => Promise<void> = async () => {},
): Promise<void> {
  world.tell('calm: faults heal, people go home');
  world.calm = true;
  world.jump(0);
  await readChanges(world);
  world.process.dead = true;
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
  if (written.length !== 1 || written[0] !== `update of crm ${link.crm}`)
    world.violation('P4', `one edit of udesk ${link.udesk} cost ${written.join(', ') || 'nothing'}`);
}

/** A step that no script has. */
const AFTER_ALL = 99_999;

/** What is held now, and nothing else. */
async function approve(world: World, hash: string): Promise<void> {
  const held = await rows<{ side: string; id: string }>(
    world.db,
    sql`select side, remote_id as id from udesk_sync.intent
        where pair = ${world.name} and op = 'delete' and state = 'held'`,
  );
  for (const { side, id } of held) world.approved.add(`${side} ${id}`);
  await world.process.sync(hash);
}

/**
 * P2: the change cursor tells of every edit, those that were committed late, too. Looked at before anything is read in
 * full: that would mend what the cursor missed.
 */
async function readChanges(world: World): Promise<void> {
  if (!world.script.setting.crm.changeCursor || world.process.dead) return;
  world.tell('calm: the changes of the CRM are read');
  world.pass(600_000);
  await world.process.cycle(['crm']);
  await changesTold(world);
}

async function changesTold(world: World): Promise<void> {
  if (world.process.lastReport?.observed.crm.lane === 'changes' && !world.untold) await mirrored(world);
}

/**
 * Where the position begins anew (the first reading, or one that the CRM forgot), the list is all that there is: what it
 * left out nobody can tell before the next whole one.
 */
async function noteReading(world: World, before: string | null, report: CycleReport | null): Promise<void> {
  const deceives = world.deceit?.side === 'crm';
  if (!deceives && report?.observed.crm.lane === 'full') world.untold = false;
  const after = deceives ? await position(world) : null;
  if ((before === null || world.expired) && after !== null) world.untold = true;
  world.expired = false;
}

/** In the changes of the CRM, as the engine keeps it. */
async function position(world: World): Promise<string | null> {
  const [pair] = await rows<{ at: string | null }>(
    world.db,
    sql`select crm_cursor as at from udesk_sync.pair where name = ${world.name}`,
  );
  return pair?.at ?? null;
}

async function tryParkedAgain(world: World): Promise<void> {
  const found = await rows<{ id: string }>(
    world.db,
    sql`select id from udesk_sync.parked where pair = ${world.name} and state = 'parked' and kind not in ('uncertain-create', 'identity') order by id`,
  );
  for (const { id } of found)
    await retryParked(world.db, { parkedId: id, who: 'reviewer', at: new Date(world.now) });
}

/** Ids begin at 1 again, so that a trace does not depend on what ran before. */
async function empty(db: Db): Promise<void> {
  const tables = await rows<{ name: string }>(
    db,
    sql`select format('udesk_sync.%I', relname) as name from pg_class
        where relnamespace = 'udesk_sync'::regnamespace and relkind in ('r', 'p') and not relispartition
          and relname <> 'migration' order by relname`,
  );
  await db.execute(sql.raw(`truncate ${tables.map(({ name }) => name).join(', ')} restart identity cascade`));
}
