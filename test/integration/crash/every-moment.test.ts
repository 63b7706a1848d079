import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { runProgram, writeConfig } from '../../support/program.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

/**
 * How many of the moments are tried in one run. All of them take some minutes: CRASH_MOMENTS=all. Which ones is drawn
 * anew each day, and printed, so that in time each is tried.
 */
const TRIED = process.env.CRASH_MOMENTS === 'all' ? Number.POSITIVE_INFINITY : 15;
const DAY = Math.floor(Date.now() / 86_400_000);
/** More groups of people than there are moments in a sync. */
const GROUPS = process.env.CRASH_MOMENTS === 'all' ? 250 : TRIED + 1;
const PRELOAD = pathToFileURL(fileURLToPath(new URL('../../support/crash-points.ts', import.meta.url))).href;

let world: World;
let config: ReturnType<typeof writeConfig>;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'udesk-sync-moments-'));
  world = await createWorld({
    customers: Array.from({ length: GROUPS }, (_, g) => people(g)).flat(),
    pair: {
      deletes: 'propagate',
      guards: '{ deletes: { max: 100000, share: 1 }, updates: { share: 1 }, creates: { perHour: 1000000 } }',
    },
  });
  config = writeConfig(world.configText);
  await world.sync();
});

afterAll(async () => {
  config.remove();
  rmSync(folder, { recursive: true });
  await world.close();
});

const NAMES = ['renamed', 'noted', 'merged', 'disputed', 'deleted'] as const;

function people(g: number) {
  return NAMES.map((name) => ({ nick_name: `${g} ${name}`, email: mail(g, name) }));
}

function mail(g: number, name: string): string {
  return `${name}.${g}@example.com`;
}

function customer(g: number, name: string) {
  const found = world.simulator.tenant.list().find(({ email }) => email === mail(g, name));
  if (found === undefined) throw new Error(`no customer ${name} of group ${g}`);
  return found;
}

/** One of everything that a sync has to carry over. */
async function edit(g: number): Promise<void> {
  const { tenant } = world.simulator;
  const disputed = customer(g, 'disputed');
  tenant.edit(disputed.id, { nick_name: `${g} U` });
  await world.crm`update contact set name = ${`${g} C`} where emails @> ${[mail(g, 'disputed')]}`;
  await world.sync();
  const [open] = (await world.conflicts()).filter(({ state }) => state === 'open');
  const choice = { who: 'reviewer', take: 'value' as const, value: `${g} decided`, at: new Date() };
  await decideConflict(world.database.db, { conflictId: open?.id ?? '', ...choice });

  tenant.edit(customer(g, 'renamed').id, { nick_name: `${g} renamed in Udesk` });
  await world.crm`
    update contact set note = ${`${g} a note`}, emails = emails || ${[mail(g, 'noted.2')]}::text[]
    where emails @> ${[mail(g, 'noted')]}`;
  const merged = customer(g, 'merged');
  tenant.edit(merged.id, { other_emails: [mail(g, 'merged.u')] });
  await world.crm`update contact set emails = emails || ${[mail(g, 'merged.c')]}::text[]
    where emails @> ${[mail(g, 'merged')]}`;
  tenant.delete(customer(g, 'deleted').id);
  tenant.create({ nick_name: `${g} new in Udesk`, email: mail(g, 'new.u') });
  await world.insert({ name: `${g} new in the CRM`, emails: [mail(g, 'new.c')] });
}

/** What both sides hold of a group, ids left out. */
async function held(g: number) {
  const mine = (addresses: readonly string[]) => addresses.some((one) => one.endsWith(`.${g}@example.com`));
  const udesk = world.simulator.tenant.list().flatMap((one) => {
    const emails = [one.email ?? '', ...(one.other_emails ?? []).map(addressOf)].sort();
    return mine(emails) ? [{ name: one.nick_name, emails, note: one.description ?? null }] : [];
  });
  const crm = (await world.people()).flatMap(({ name, emails, note }) =>
    mine(emails) ? [{ name, emails: [...emails].sort(), note }] : [],
  );
  const sorted = (list: typeof udesk | typeof crm) =>
    list.map((one) => JSON.stringify({ ...one, note: one.note || null })).sort();
  return { udesk: sorted(udesk), crm: sorted(crm) };
}

function addressOf(element: unknown): string {
  return typeof element === 'string' ? element : String((element as { content?: unknown }).content);
}

/** Where an uninterrupted run ends, on both sides. */
function end(g: number): string[] {
  const one = (name: string, names: readonly string[], note: string | null = null) =>
    JSON.stringify({ name: `${g} ${name}`, emails: names.map((n) => mail(g, n)).sort(), note });
  return [
    one('renamed in Udesk', ['renamed']),
    one('noted', ['noted', 'noted.2'], `${g} a note`),
    one('merged', ['merged', 'merged.u', 'merged.c']),
    one('decided', ['disputed']),
    one('new in Udesk', ['new.u']),
    one('new in the CRM', ['new.c']),
  ].sort();
}

async function sync(env: Readonly<Record<string, string>> = {}): Promise<number | null> {
  const preload = Object.keys(env).length === 0 ? {} : { NODE_OPTIONS: `--import ${PRELOAD}` };
  const { code } = await runProgram(['--config', config.file, 'sync'], {
    DATABASE_URL: world.databaseUrl,
    ...preload,
    ...env,
  });
  return code;
}

describe('P9 crash refinement', () => {
  test('kill -9 before or after any request to a side, or any commit, ends where an uninterrupted run ends', async () => {
    const log = join(folder, 'moments');
    await edit(0);
    expect(await sync({ CRASH_LOG: log })).toBe(0);
    expect(await held(0)).toEqual({ udesk: end(0), crm: end(0) });
    const moments = readFileSync(log, 'utf8').trim().split('\n');
    // One of each, or the moments are not what they say.
    for (const name of [
      'before commit',
      'after commit',
      'before POST',
      'after POST',
      'before PUT',
      'after PUT',
    ]) {
      expect(moments.some((line) => line.includes(name))).toBe(true);
    }

    const step = Math.max(1, Math.ceil(moments.length / TRIED));
    const tried = moments.map((_, n) => n + 1).filter((n) => n % step === DAY % step);
    process.stdout.write(
      `${moments.length} moments, ${tried.length} tried: every ${step}th from the ${tried[0]}th\n`,
    );
    let kills = 0;
    for (const [n, moment] of tried.entries()) {
      const g = n + 1;
      await edit(g);
      const killed = await sync({ CRASH_AT: String(moment) });
      if (killed === null) kills += 1;
      const again = await sync();
      const where = `${moments[moment - 1]} (killed: ${killed === null})`;
      expect({ where, again, ...(await held(g)) }).toEqual({ where, again: 0, udesk: end(g), crm: end(g) });
    }

    // A run may have a few moments more or fewer than the first had; most must have been cut.
    expect(kills).toBeGreaterThan(tried.length * 0.8);
    expect(await ourRows(world, 'select * from udesk_sync.parked')).toEqual([]);
    const states = new Set((await world.conflicts()).map(({ state }) => state));
    expect([...states]).toEqual(['resolved']);
    const quiet = await writesSoFar(world);
    await sync();
    expect(await writesSoFar(world)).toEqual(quiet);
  }, 900_000);
});
