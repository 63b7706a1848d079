/** P10 for a CRM: two pairs, and two daemons, that share an account share its limit. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { createHttpSide } from '../../../src/crm/http/adapter.ts';
import { httpConfigSchema } from '../../../src/crm/http/config.ts';
import { createHubspotSide } from '../../../src/crm/hubspot/adapter.ts';
import { hubspotConfigSchema } from '../../../src/crm/hubspot/config.ts';
import { createSalesforceSide } from '../../../src/crm/salesforce/adapter.ts';
import { salesforceConfigSchema } from '../../../src/crm/salesforce/config.ts';
import { steadyLedger } from '../../../src/http/steady-ledger.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { CONTEXT } from '../../conformance/harness.ts';
import type { CrmServer } from '../../support/crm-server.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';
import { startHubspotCrm } from '../../support/hubspot-crm.ts';
import { startRestCrm } from '../../support/rest-crm.ts';
import { startSalesforce } from '../../support/salesforce/server.ts';

const closing: { close(): Promise<void> }[] = [];
let testDb: TestDatabase;
beforeAll(async () => {
  testDb = await createTestDatabase();
});
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});
afterAll(() => testDb.drop());

function keep<T extends { close(): Promise<void> }>(one: T): T {
  closing.push(one);
  return one;
}

/** What an adapter is given in a process of its own, in which a pair of this name runs. */
async function inProcess(pair: string) {
  const { sql } = await testDb.open();
  return { ...CONTEXT, pair, ledger: steadyLedger(postgresLedger(sql), () => performance.now()) };
}

/** When the calls of this server came, from now on. */
function arrivals(crm: CrmServer, of: (path: string) => boolean): number[] {
  const at: number[] = [];
  crm.onRequest = ({ path }) => {
    if (of(path)) at.push(performance.now());
  };
  return at;
}

/** So many questions, by all of them at once; those that find no room within this time give up. */
async function ask(sides: readonly Side[], times: number, giveUpMs: number): Promise<void> {
  const signal = AbortSignal.timeout(giveUpMs);
  await Promise.all(
    sides.map(async (side) => {
      for (let n = 0; n < times && !signal.aborted; n += 1)
        await side.lookup('cellphone', '13800138000', { signal }).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
    }),
  );
}

const most = (times: readonly number[], windowMs: number) =>
  Math.max(0, ...times.map((from) => times.filter((ms) => ms >= from && ms < from + windowMs).length));

describe('the limit of a CRM', () => {
  async function restPair(limits: Readonly<Record<string, unknown>>[]) {
    const crm = keep(await startRestCrm());
    // Who asks for a token is told so by another server, as a rule.
    const at = arrivals(crm, (path) => !path.includes('token'));
    const sides: Side[] = [];
    for (const [n, its] of limits.entries())
      sides.push(
        keep(
          createHttpSide(httpConfigSchema.parse({ ...crm.block, limits: its }), await inProcess(`pair-${n}`)),
        ),
      );
    await ask(sides, 9, 1_500);
    return at.length;
  }

  test('P10: of an API is shared by two processes', async () => {
    const arrived = await restPair([{ perMinute: 9 }, { perMinute: 9 }]);
    // Each alone would be allowed nine. A slow machine sends fewer in the time.
    expect(arrived).toBeLessThanOrEqual(9);
    expect(arrived).toBeGreaterThan(0);
  });

  test('of an API is counted for each account that is named', async () => {
    const two = await restPair([
      { perMinute: 4, account: 'one' },
      { perMinute: 4, account: 'two' },
    ]);
    expect(two).toBeLessThanOrEqual(8);
    expect(two).toBeGreaterThan(4);
  });

  test('P10: of an org of Salesforce is shared by two processes', async () => {
    const crm = keep(await startSalesforce());
    const config = salesforceConfigSchema.parse({ ...crm.block, limits: { perMinute: 30 } });
    const at = arrivals(crm, (path) => !path.includes('oauth2'));
    const sides = [
      keep(await createSalesforceSide(config, await inProcess('one'))),
      keep(await createSalesforceSide(config, await inProcess('two'))),
    ];
    await ask(sides, 30, 2_500);
    expect(at.length).toBeLessThanOrEqual(30);
    expect(at.length).toBeGreaterThan(0);
  });

  test('P10: of an app of HubSpot is shared by two processes, in ten seconds and in one', async () => {
    const crm = keep(await startHubspotCrm());
    const config = hubspotConfigSchema.parse({
      ...crm.block,
      limits: { perTenSeconds: 12, searchesPerSecond: 3 },
    });
    const at: number[] = [];
    const searches: number[] = [];
    crm.onRequest = ({ path }) => {
      at.push(performance.now());
      if (path.endsWith('/search')) searches.push(performance.now());
    };
    const sides = [
      keep(await createHubspotSide(config, await inProcess('one'))),
      keep(await createHubspotSide(config, await inProcess('two'))),
    ];
    await ask(sides, 12, 16_000);
    expect(most(at, 10_000)).toBeLessThanOrEqual(12);
    expect(at.length).toBeGreaterThan(12);
    expect(searches.length).toBeGreaterThan(3);
    expect(most(searches, 1_000)).toBeLessThanOrEqual(3);
  }, 40_000);
});
