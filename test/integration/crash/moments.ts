/**
 * P9: the program as a process, killed with `kill -9` before and after each durable write and each call of a side, and started
 * again, ends where it ends uninterrupted. Which moments there are is told by a run that nobody kills (crash-points.ts).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, vi } from 'vitest';
import { type Ended, writeConfig } from '../../support/program.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';
import { edit, end, held, NAMES, ours, WORLD } from './group.ts';

/** How many of the moments are tried in one run; the next day it is others, so that in time each is tried. */
const TRIED = 15;
const DAY = Math.floor(Date.now() / 86_400_000);
export const PATIENCE = { timeout: 180_000, interval: 2_000 };
const PRELOAD = pathToFileURL(fileURLToPath(new URL('../../support/crash-points.ts', import.meta.url))).href;

/** Starts the program, and waits until it has ended, or what it is waited for is there, and then ends it. */
export type Way = (
  place: { readonly file: string; readonly isDone: () => Promise<boolean> },
  env: Readonly<Record<string, string>>,
) => Promise<Ended>;

/** What must be among the moments, or they are not what they say: each kind of call, and each durable write of a cycle. */
const KINDS = [
  'insert of lease',
  'insert of run',
  'commit of .*record',
  'commit of .*conflict',
  'commit of .*intent',
  'commit of .*link',
  'update of run',
  'GET /',
  'POST /',
  'PUT /',
  'DELETE .*/destroy_customer',
  'delete of the CRM',
  'select of the CRM',
  'commit of the CRM',
];

/** @param more kinds of moments that there must be, too */
export async function tryEveryMoment(way: Way, more: readonly string[] = []): Promise<void> {
  const { world, config, folder } = await startWorld();
  const log = join(folder, 'moments');
  /** `killed`, or else its exit code, and what it said where that is another one than 0. */
  const run = async (g: number, env: Readonly<Record<string, string>> = {}) => {
    const { code, stdout, stderr } = await way(
      {
        file: config.file,
        isDone: async () => JSON.stringify(await held(world, g)) === JSON.stringify(end(g)),
      },
      { DATABASE_URL: world.databaseUrl, ...env },
    );
    return code === null ? 'killed' : code === 0 ? 'ended' : `${code}: ${(stdout + stderr).slice(-5_000)}`;
  };
  const cut = { NODE_OPTIONS: `--import ${PRELOAD}` };

  await edit(world, 0);
  expect(await run(0, { ...cut, CRASH_LOG: log })).toBe('ended');
  expect(await held(world, 0)).toEqual(end(0));
  // As many links as people: those of the deleted ones are closed.
  await untilHolds(world, async () => expect(await ours(world, 0)).toHaveLength(NAMES.length + 2));
  // What was created is read once more: until then its link knows of the fields that were sent alone.
  await world.sync();
  const uninterrupted = await ours(world, 0);
  const moments = readFileSync(log, 'utf8').trim().split('\n');
  const missing = [...KINDS, ...more].flatMap((kind) =>
    ['before', 'after']
      .map((when) => `${when} ${kind}`)
      .filter((one) => !moments.some((name) => name.match(one))),
  );
  expect(missing).toEqual([]);

  const { step, from } = slice(moments.length);
  const tried = moments.filter((_, n) => n % step === from % step);
  process.stdout.write(
    `${moments.length} moments, ${tried.length} tried: every ${step}th, from "${tried[0]}"\n`,
  );
  let kills = 0;
  for (const [n, moment] of tried.entries()) {
    const g = n + 1;
    await edit(world, g);
    const first = await run(g, { ...cut, CRASH_AT: moment });
    if (first === 'killed') kills += 1;
    const again = await run(g);
    const where = `${moment}: ${first}`;
    expect({ where, again, ...(await held(world, g)) }).toEqual({ where, again: 'ended', ...end(g) });
  }

  // A run may have a few moments more or fewer than the first had; most must have been cut.
  expect(kills).toBeGreaterThan(tried.length * 0.8);
  process.stdout.write(`${kills} of ${tried.length} killed\n`);
  expect(await ourRows(world, 'select * from udesk_sync.parked')).toEqual([]);
  expect(new Set((await world.conflicts()).map(({ state }) => state))).toEqual(new Set(['resolved']));
  // A deletion of unknown outcome is looked at a second time, a minute later: only then is its link at its end.
  await untilHolds(world, async () => {
    for (const [n, moment] of tried.entries())
      expect({ moment, ours: await ours(world, n + 1) }).toEqual({ moment, ours: uninterrupted });
  });
  const quiet = await writesSoFar(world);
  await world.sync();
  expect(await writesSoFar(world)).toEqual(quiet);
}

/** CRASH_MOMENTS=all tries all moments, which takes the better part of an hour; 1/6 to 6/6 do it in six parts. */
function slice(moments: number): { readonly step: number; readonly from: number } {
  const asked = process.env.CRASH_MOMENTS ?? '';
  if (asked === 'all') return { step: 1, from: 0 };
  const [, part, parts] = /^([0-9]+)\/([1-9][0-9]*)$/.exec(asked) ?? [];
  if (part !== undefined) return { step: Number(parts), from: Number(part) };
  if (asked !== '') throw new Error(`CRASH_MOMENTS is "${asked}": "all", or a part of them like "1/6"`);
  return { step: Math.max(1, Math.ceil(moments / TRIED)), from: DAY };
}

async function startWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-moments-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const world = await createWorld(WORLD);
  onTestFinished(() => world.close());
  const config = writeConfig(`${world.configText}\nhttp: { port: 0 }\n`);
  onTestFinished(() => config.remove());
  await world.sync();
  return { world, config, folder };
}

async function untilHolds(world: World, holds: () => Promise<void>): Promise<void> {
  await vi.waitFor(async () => {
    try {
      await holds();
    } catch (error) {
      await world.sync();
      throw error;
    }
  }, PATIENCE);
}
