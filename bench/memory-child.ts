/**
 * One cycle in a process of its own, and what it needed at its peak. The CRM is a table; Udesk is a generator of list
 * pages, since its real list ends at 10,000 customers. Each page is made as text, parsed and decoded as a real one.
 * Arguments: customers, the place (JSON), `live` or `rss`.
 */
import { readFileSync } from 'node:fs';
import type { Page, Side } from '../src/crm/adapter.ts';
import type { PairRuntime } from '../src/engine/context.ts';
import { runCycle } from '../src/engine/cycle.ts';
import { decodeCustomer } from '../src/udesk/decode-customer.ts';
import { parseUdeskJson } from '../src/udesk/json.ts';
import { listRowOf, person } from './people.ts';
import { openStage, type Place } from './stage.ts';
import { collectGarbage } from './timed.ts';

export interface Peak {
  /** Bytes that were in use after a forced collection: the most of all samples, above what was in use before the cycle. */
  readonly liveBytes: number;
  /** Highest resident set of the process, and what it was before the cycle. */
  readonly rssBytes: number;
  readonly rssBeforeBytes: number;
  readonly samples: number;
  readonly wallMs: number;
  /** How much a `Set` of the ids of one side takes: the limit that the issue allows. */
  readonly idSetBytes: number;
}

const PAGE_ROWS = 100;
const SAMPLE_EVERY_MS = 250;

const [countText = '0', placeText = '{}', mode = 'live'] = process.argv.slice(2);
const count = Number(countText);
const stage = await openStage(JSON.parse(placeText) as Place);
const pair: PairRuntime = {
  spec: stage.pair.spec,
  sides: { udesk: generated(stage.pair.sides.udesk), crm: stage.pair.sides.crm },
};

const idSetBytes = sizeOfIds();
collectGarbage();
const before = process.memoryUsage();
const startedAt = performance.now();
let highest = { live: before.heapUsed, rss: before.rss };
let sampledAt = 0;
let samples = 0;
const sample = () => {
  if (performance.now() - sampledAt < SAMPLE_EVERY_MS) return;
  if (mode === 'live') collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  highest = { live: Math.max(highest.live, heapUsed), rss: Math.max(highest.rss, rss) };
  samples += 1;
  sampledAt = performance.now();
};
const report = await runCycle(stage.engine, pair, {
  trigger: 'sync',
  observe: { udesk: 'full', crm: 'full' },
  progress: sample,
});
const { udesk, crm } = report.observed;
if (udesk.seen !== count || crm.seen !== count) throw new Error(`${udesk.seen} and ${crm.seen} were seen`);
const peak: Peak = {
  liveBytes: highest.live - before.heapUsed,
  rssBytes: peakRss() ?? highest.rss,
  rssBeforeBytes: before.rss,
  samples,
  wallMs: performance.now() - startedAt,
  idSetBytes,
};
await stage.close();
process.send?.(peak, () => process.disconnect());

function generated(real: Side): Side {
  return {
    ...real,
    check: async () => ({ findings: [], count, clockSkewMs: 0, fingerprint: 'generated', fields: null }),
    enumerate,
  };
}

async function* enumerate(): AsyncGenerator<Page> {
  for (let from = 0; from < count; from += PAGE_ROWS) {
    const rows = Array.from({ length: Math.min(PAGE_ROWS, count - from) }, (_, at) =>
      listRowOf(person(from + at)),
    );
    const answer = parseUdeskJson(JSON.stringify({ code: 1000, customers: rows })) as {
      customers: unknown[];
    };
    const records = answer.customers.map((row) => {
      const decoded = decodeCustomer(row, ['custom.TextField_2']);
      if (!decoded.ok) throw new Error(decoded.dropped.reason);
      return decoded.record;
    });
    const last = from + PAGE_ROWS >= count;
    const end = last ? { certified: true, reason: null, cursor: null } : null;
    yield { records, deletedIds: [], dropped: [], total: count, end };
  }
}

function sizeOfIds(): number {
  collectGarbage();
  const empty = process.memoryUsage().heapUsed;
  const ids = new Set<string>();
  for (let n = 0; n < count; n += 1) ids.add(String(1_000_000 + n));
  collectGarbage();
  const bytes = process.memoryUsage().heapUsed - empty;
  return ids.size === count ? bytes : Number.NaN;
}

/**
 * The kernel's own high-water mark. Not `resourceUsage().maxRSS`: on Linux a child inherits its parent's mark there.
 * Null where there is no /proc.
 */
function peakRss(): number | null {
  try {
    const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return found === null ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}
