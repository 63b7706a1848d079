import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
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

const NAMES = ['renamed', 'noted', 'merged', 'disputed', 'deleted', 'giver', 'taker'] as const;

function people(g: number) {
  return NAMES.map((name) => ({
    nick_name: `${g} ${name}`,
    email: mail(g, name),
    ...(name === 'giver' ? { cellphones: [phone(g, 0)] } : {}),
  }));
}

/** Of a group, by its number there. */
function phone(g: number, n: number): string {
  return `139${String(g * 10 + n).padStart(8, '0')}`;
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
  // A unique number changes hands: it is released before it is claimed.
  await world.crm`update contact set phones = '{}' where emails @> ${[mail(g, 'giver')]}`;
  await world.crm`update contact set phones = ${[phone(g, 0), phone(g, 1)]} where emails @> ${[mail(g, 'taker')]}`;
  tenant.delete(customer(g, 'deleted').id);
  tenant.create({ nick_name: `${g} new in Udesk`, email: mail(g, 'new.u') });
  await world.insert({ name: `${g} new in the CRM`, emails: [mail(g, 'new.c')] });
}

/** What both sides hold of a group, ids left out. */
async function held(g: number) {
  const mine = (addresses: readonly string[]) => addresses.some((one) => one.endsWith(`.${g}@example.com`));
  const udesk = world.simulator.tenant.list().flatMap((one) => {
    const emails = [one.email ?? '', ...(one.other_emails ?? []).map(addressOf)].sort();
    const phones = (one.cellphones ?? []).map(addressOf).sort();
    return mine(emails) ? [{ name: one.nick_name, emails, phones, note: one.description ?? null }] : [];
  });
  const crm = (await world.people()).flatMap(({ name, emails, phones, note }) =>
    mine(emails) ? [{ name, emails: [...emails].sort(), phones: [...phones].sort(), note }] : [],
  );
  const sorted = (list: typeof udesk | typeof crm) =>
    list.map((one) => JSON.stringify({ ...one, note: one.note || null })).sort();
  return { udesk: sorted(udesk), crm: sorted(crm) };
}

function addressOf(element: unknown): string {
  return typeof element === 'string' ? element : String((element as { content?: unknown }).content);
}

/** What our database holds of a group: who is linked, what both sides last agreed on, what was asked, and what is on its way. */
async function ours(g: number) {
  const found = await ourRows(
    world,
    `select concat_ws(' ', l.state, l.udesk_id is not null, l.crm_id is not null,
         (select string_agg(concat_ws(' ', key, (value - 'accepted')::text), ' ' order by key) from jsonb_each(l.bases)),
         (select string_agg(concat_ws(' ', c.field, c.kind, c.state), ',' order by c.id) from udesk_sync.conflict c
          where c.pair = l.pair and c.link_id = l.id),
         (select string_agg(distinct i.state, ',') from udesk_sync.intent i
          where i.pair = l.pair and i.link_id = l.id and i.state not in ('settled', 'dropped'))) as link
       from udesk_sync.link l
       where exists (select 1 from udesk_sync.record r where r.pair = l.pair
         and r.remote_id = case r.side when 'udesk' then l.udesk_id else l.crm_id end
         and r.fields::text like '%.${g}@example.com%')`,
  );
  // Ids of elements are Udesk's own, and so is the number of a group.
  const plainly = (text: string) =>
    text
      .replace(/"id": (null|"\d+"), /g, '')
      .replaceAll(`.${g}@`, '.G@')
      .replaceAll(`"${g} `, '"G ')
      .replaceAll(phone(g, 0), 'phone 0')
      .replaceAll(phone(g, 1), 'phone 1');
  return found.map(({ link }) => plainly(String(link))).sort();
}

/** Where an uninterrupted run ends, on both sides. */
function end(g: number): string[] {
  const one = (
    name: string,
    names: readonly string[],
    { note = null, phones = [] }: { note?: string | null; phones?: readonly string[] } = {},
  ) => JSON.stringify({ name: `${g} ${name}`, emails: names.map((n) => mail(g, n)).sort(), phones, note });
  return [
    one('renamed in Udesk', ['renamed']),
    one('noted', ['noted', 'noted.2'], { note: `${g} a note` }),
    one('giver', ['giver']),
    one('taker', ['taker'], { phones: [phone(g, 0), phone(g, 1)] }),
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
    const uninterrupted = await ours(0);
    // As many links as people: the deleted one's is closed.
    expect(uninterrupted).toHaveLength(NAMES.length + 2);
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
    // A deletion of unknown outcome is looked at a second time, a minute later: only then is its link at its end.
    await vi.waitFor(
      async () => {
        const left = await Promise.all(
          tried.map(async (_, n) => ({ group: n + 1, ours: await ours(n + 1) })),
        );
        if (left.some((one) => JSON.stringify(one.ours) !== JSON.stringify(uninterrupted))) await sync();
        for (const one of left) expect(one).toEqual({ group: one.group, ours: uninterrupted });
      },
      { timeout: 120_000, interval: 2_000 },
    );
    const quiet = await writesSoFar(world);
    await sync();
    expect(await writesSoFar(world)).toEqual(quiet);
  }, 900_000);
});
