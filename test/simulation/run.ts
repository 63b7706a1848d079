/** Carries a script out, lets the world calm down, and says what was broken. The same script gives the same trace. */
import { sql } from 'drizzle-orm';
import { sha256 } from '../../src/lib/hash.ts';
import { type Db, rows } from '../../src/store/tx.ts';
import { calmDown } from './calm.ts';
import { afterStep, type Closed, noteAgreed } from './checkers.ts';
import { noteQuestions } from './questions.ts';
import { changesTold, noteReading, position } from './reading.ts';
import { approve } from './reviews.ts';
import type { Script, Step } from './script.ts';
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

export interface Watching {
  /** Is shown the world that came to rest, before one more edit is made in it. */
  readonly atRest?: (world: World) => Promise<void>;
  /** Does after a step what a faulty engine might have done: for tests of the checkers. */
  readonly meddle?: (world: World, step: Step) => Promise<void>;
}

/** Stops at the first violation: what comes after it means little. */
export async function runScript(script: Script, db: Db, { atRest, meddle }: Watching = {}): Promise<Outcome> {
  await empty(db);
  const world = new World(script, db, PAIR);
  const closed: Closed = new Map();
  let done = 0;
  for (const step of script.steps) {
    world.tell(`${step.id}. ${titleOf(step)}`);
    await carryOut(world, step);
    await meddle?.(world, step);
    if (changesOurs(step)) await afterStep(world, closed);
    done += 1;
    if (world.violations.length > 0) break;
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

const REVIEWS: readonly string[] = ['decide', 'unlink', 'confirm', 'withdraw', 'undo', 'retry', 'leave'];

async function carryOut(world: World, step: Step): Promise<void> {
  switch (step.kind) {
    case 'act':
      world.during(step.id, []);
      return await world.act(step.act);
    case 'hooks':
      world.hooks = step.delivery;
      return;
    case 'late-hooks':
      for (const told of world.lateHooks.splice(0)) world.process.hint(...told);
      return;
    case 'clock':
      if (step.jump) world.jump(step.ms);
      else world.pass(step.ms);
      return;
    case 'restart':
      world.process.dead = true;
      world.start();
      return;
    case 'configure':
      world.process.dead = true;
      world.configure(step.as);
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
  await noteQuestions(world);
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
    case 'configure':
      return `configured as ${step.as === null ? 'at first' : JSON.stringify(step.as)}`;
    default:
      return step.kind;
  }
}

/** Ids begin at 1 again, so that a trace does not depend on what ran before. To empty what is empty takes as long as a step. */
async function empty(db: Db): Promise<void> {
  const tables = await rows<{ name: string }>(
    db,
    sql`select format('udesk_sync.%I', relname) as name from pg_class
        where relnamespace = 'udesk_sync'::regnamespace and relkind in ('r', 'p') and not relispartition
          and relname <> 'migration'
          and coalesce((select sum(pg_relation_size(leaf.relid)) from pg_partition_tree(oid) leaf), pg_relation_size(oid)) > 0
        order by relname`,
  );
  if (tables.length === 0) return;
  await db.execute(sql.raw(`truncate ${tables.map(({ name }) => name).join(', ')} restart identity cascade`));
}
