/** Reads what the report is made of. From our database alone; neither side is asked. */
import type { Config, PairConfig } from '../../config/schema.ts';
import type { Policy } from '../../core/spec.ts';
import { type ConflictRow, listConflicts } from '../../store/conflicts.ts';
import { editAuthors } from '../../store/feeds.ts';
import { countIntents } from '../../store/intents.ts';
import { quotaUsed } from '../../store/pair-status.ts';
import { conflictFacts, type ReportScope } from '../../store/report-conflicts.ts';
import {
  changesOf,
  coverageOf,
  failuresOf,
  lagOf,
  parkedReasons,
  runsOf,
} from '../../store/report-traffic.ts';
import type { Db } from '../../store/tx.ts';
import { conflictDocument } from '../conflict-document.ts';
import { type QuotaUse, type SyncReport, syncReport } from './document.ts';

/** Rows of the "most frequent" tables. */
const TOP = 15;
const PAGE = 1_000;

export async function loadSyncReport(
  db: Db,
  config: Config,
  pairs: readonly PairConfig[],
  period: { readonly since: Date; readonly until: Date },
): Promise<SyncReport> {
  const names = pairs.map(({ name }) => name);
  const scope: ReportScope = { ...period, pairs: names, timezone: config.timezone };
  const facts = await conflictFacts(db, scope);
  const open: ConflictRow[] = [];
  for (const name of names) open.push(...(await openConflicts(db, name)));
  open.sort((a, b) => (a.openedAt < b.openedAt ? -1 : a.openedAt > b.openedAt ? 1 : 0));
  const edits = await authorsOf(db, [...new Set([...facts, ...open].map(({ id }) => id))]);
  const authors = new Map(
    [...edits].flatMap(([id, { name }]): [string, string][] => (name === null ? [] : [[id, name]])),
  );
  const lag = await lagOf(db, scope);
  const changes = await changesOf(db, scope, TOP);
  let parkedNow = 0;
  const quota: QuotaUse[] = [];
  for (const pair of pairs) {
    parkedNow += (await countIntents(db, pair.name)).parked;
    const [busiest] = await quotaUsed(db, pair.udesk.baseUrl);
    quota.push({ pair: pair.name, ...pair.udesk.quota, used: busiest?.calls ?? 0 });
  }
  return syncReport({
    ...scope,
    facts,
    authors,
    policies: policiesOf(pairs),
    open: open.map((row) => conflictDocument(row, edits.get(row.id))),
    lag: lag.all,
    lagDays: lag.edits,
    coverage: await coverageOf(db, names),
    parked: await parkedReasons(db, scope, TOP),
    parkedNow,
    ...changes,
    runs: await runsOf(db, scope),
    failures: await failuresOf(db, scope, TOP),
    quota,
  });
}

function policiesOf(pairs: readonly PairConfig[]): Map<string, Policy> {
  return new Map(
    pairs.flatMap((pair) =>
      pair.fields.map((field): [string, Policy] => [`${pair.name}/${field.udesk}`, field.policy]),
    ),
  );
}

async function openConflicts(db: Db, pair: string): Promise<ConflictRow[]> {
  const found: ConflictRow[] = [];
  for (;;) {
    const last = found.at(-1);
    const page = await listConflicts(db, {
      pair,
      states: ['open', 'resolving'],
      limit: PAGE,
      ...(last === undefined ? {} : { afterId: last.id }),
    });
    found.push(...page);
    if (page.length < PAGE) return found;
  }
}

async function authorsOf(db: Db, ids: readonly string[]) {
  const all = new Map<string, NonNullable<ReturnType<Awaited<ReturnType<typeof editAuthors>>['get']>>>();
  for (let n = 0; n < ids.length; n += PAGE) {
    for (const [id, author] of await editAuthors(db, ids.slice(n, n + PAGE))) all.set(id, author);
  }
  return all;
}
