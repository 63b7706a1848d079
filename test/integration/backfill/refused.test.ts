import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BatchVerdict } from '../../../src/crm/adapter.ts';
import { newsOf } from '../../../src/udesk/webhook.ts';
import { fill, fillCrm, later, names, namesOf } from '../../support/backfill.ts';
import { clientOf, startReceiver } from '../../support/tenant-client.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const BAD = ['Bad 0', 'Bad 1', 'Bad 2', 'Bad 3'];

let world: World;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let read: number;

/** 250 people, and four whose phone Udesk refuses, two of them in the first batch. */
beforeEach(async () => {
  world = await createWorld({ switches: { 'cellphones.format': 'digits' } });
  receiver = await startReceiver();
  read = 0;
  for (const [n, name] of BAD.entries()) {
    if (n % 2 === 0) await fillCrm(world, 125, n === 0 ? 0 : 125);
    await world.insert({ name, emails: [`bad${n}@example.com`], phones: [`9${n}`], tier: 'standard' });
  }
});
afterEach(async () => {
  await receiver.close();
  await world.close();
});

async function register(): Promise<void> {
  const client = clientOf(world.simulator);
  await client.setPushUrl(receiver.url);
  await client.close();
}

/** What arrived since the last call, as the daemon gets it. */
function batchVerdicts(): BatchVerdict[] {
  const fresh = receiver.received.slice(read);
  read = receiver.received.length;
  return fresh.flatMap(({ body, contentType }) => newsOf(body, contentType).batchResults);
}

const parked = () =>
  ourRows(
    world,
    `select r.fields ->> 'name' as name, p.kind, p.message from udesk_sync.parked p
     join udesk_sync.link l on l.id = p.link_id
     join udesk_sync.record r on r.pair = l.pair and r.side = 'crm' and r.remote_id = l.crm_id
     where p.state = 'parked' order by 1`,
  );
const refused = BAD.map((name) => ({
  name,
  kind: 'rejected',
  message: expect.stringContaining('电话格式不对!'),
}));

describe('rows that Udesk refuses are parked with its words, and the rest goes on', () => {
  test('by the pushed result, at once', async () => {
    await register();

    await fill(world, { batchVerdicts });

    expect(await parked()).toEqual(refused);
    expect(names(world)).toEqual(namesOf(250));
  });

  test('when the pushed result comes twice', async () => {
    world.simulator.set('webhook.delivery', 'duplicate');
    await register();

    await fill(world, { batchVerdicts });

    expect(await parked()).toEqual(refused);
    expect(names(world)).toEqual(namesOf(250));
  });

  test('when the pushed result comes after the next batch was sent', async () => {
    world.simulator.set('webhook.delivery', 'delay');
    world.simulator.set('webhook.delay_ms', '400');
    await register();

    await fill(world, { batchVerdicts });
    await world.simulator.settled();
    await fill(world, { batchVerdicts }, later(world));

    expect(await parked()).toEqual(refused);
    expect(names(world)).toEqual(namesOf(250));
  });

  test('when the pushed result is lost: after the lag, by the answer to a create of their own', async () => {
    const reports = await fill(world);
    expect(reports.at(-1)?.backfill).toMatchObject({ done: 250, unknown: 4, parked: 0, more: false });
    expect(await parked()).toEqual([]);

    await fill(world, {}, later(world));

    expect(await parked()).toEqual(refused);
    expect(names(world)).toEqual(namesOf(250));
    expect(await ourRows(world, `select * from udesk_sync.backfill where ended_at is null`)).toEqual([]);
  });

  test('a result that names other rows than those that are missing is believed of none', async () => {
    const lies: BatchVerdict = { errors: [[0, 'not this one']], successCount: 98, failedCount: 1 };

    await fill(world, { batchVerdicts: () => [lies] });

    expect(await parked()).toEqual([]);
    expect(names(world)).toEqual(namesOf(250));
  });
});
