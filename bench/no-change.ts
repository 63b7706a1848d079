/**
 * Figure 2: a whole cycle in which nothing has changed (every page of Udesk, the CRM by its change cursor), against
 * fetching the same pages with undici and giving each to `JSON.parse`.
 */
import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { type CycleReport, runCycle } from '../src/engine/cycle.ts';
import { createSideDispatcher } from '../src/http/dispatcher.ts';
import { sign } from '../src/udesk/sign.ts';
import { encodeQuery } from '../src/udesk/transport.ts';
import { startUdesk } from './child.ts';
import { inTurn } from './measure.ts';
import { type Cluster, fillCrm, openStage, type UdeskAccount } from './stage.ts';
import { type Cost, timed } from './timed.ts';

const PAGE_ROWS = 100;

export interface NoChange {
  readonly customers: number;
  readonly cycle: readonly Cost[];
  readonly fetch: readonly Cost[];
}

/** @param shapes switches of the simulator; none: the shapes of the vendor's samples */
export async function noChange(
  cluster: Cluster,
  customers: number,
  repetitions: number,
  name: string,
  shapes: Readonly<Record<string, string>> = {},
): Promise<NoChange> {
  const place = await cluster.place(name);
  await fillCrm(place, customers);
  const udesk = await startUdesk(customers, shapes);
  const stage = await openStage(place, udesk.account);
  try {
    const cycle = () =>
      runCycle(stage.engine, stage.pair, { trigger: 'sync', observe: { udesk: 'full', crm: 'changes' } });
    const first = await cycle();
    if (first.matched.linked !== customers)
      throw new Error(`${first.matched.linked} of ${customers} were linked`);
    refuseWrites(first);
    await stage.database.sql`vacuum analyze`;
    const dispatcher = createSideDispatcher();
    const found = await inTurn(
      repetitions,
      () =>
        timed(async () => {
          const report = await cycle();
          refuseWrites(report);
          const { seen, changed, certified } = report.observed.udesk;
          if (seen !== customers || changed > 0 || !certified)
            throw new Error(
              `not a whole look without changes: ${JSON.stringify({ seen, changed, certified })}`,
            );
        }),
      () =>
        timed(async () => {
          const rows = await fetchAndParse(udesk.account, dispatcher, customers);
          if (rows !== customers) throw new Error(`${rows} rows were fetched instead of ${customers}`);
        }),
    );
    await dispatcher.close();
    return { customers, cycle: found.first, fetch: found.second };
  } finally {
    await stage.close();
    await udesk.close();
  }
}

function refuseWrites(report: CycleReport): void {
  const { creates, updates, deletes } = report.plan;
  const writes = [creates, updates, deletes].reduce((sum, { udesk, crm }) => sum + udesk + crm, 0);
  if (writes > 0 || report.openConflicts > 0) throw new Error('both sides were expected to be equal');
}

/** One request at a time, as the engine does it; signed, since the simulator refuses others. */
async function fetchAndParse(
  account: UdeskAccount,
  { dispatcher }: ReturnType<typeof createSideDispatcher>,
  customers: number,
): Promise<number> {
  let rows = 0;
  for (let page = 1; page <= Math.ceil(customers / PAGE_ROWS); page += 1) {
    const url = new URL('/open_api_v1/customers', account.url);
    const auth = sign({
      algorithm: 'sha256',
      email: account.email,
      token: account.token,
      timestamp: String(Math.floor(Date.now() / 1_000)),
      nonce: randomUUID(),
    });
    url.search = encodeQuery({ page: String(page), page_size: String(PAGE_ROWS), ...auth });
    const { body } = await request(url, { dispatcher });
    const answer = JSON.parse(await body.text()) as { customers: unknown[] };
    rows += answer.customers.length;
  }
  return rows;
}
