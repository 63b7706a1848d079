import type { LinkState, Presence } from '../core/link.ts';
import { idOn, type SideName } from '../core/record.ts';
import { ALTERNATIONS, MOST_WRITES, type OwnWrite, SOON_MS, WINDOW_MS } from '../core/tug-of-war.ts';
import { activeConflicts } from '../store/conflicts.ts';
import { linksInFlight } from '../store/intents.ts';
import { type LinkRow, linksToPlan } from '../store/links.ts';
import { recentWrites } from '../store/own-writes.ts';
import { type KnownRecord, loadRecords } from '../store/records.ts';
import { waitingReverts } from '../store/reverts.ts';
import { refreshStatistics } from '../store/statistics.ts';
import type { Db } from '../store/tx.ts';

/** A link with what the mirror knows of both records, ready for the planner. */
export interface LoadedLink {
  readonly row: LinkRow | null;
  readonly state: LinkState;
  /** The observations that this plan answers; later ones stay dirty. */
  readonly records: Readonly<Record<SideName, KnownRecord | null>>;
}

/** The next links with something to plan; a link with a write on its way waits for it (serial per link). */
export async function loadLinksToPlan(
  db: Db,
  pair: string,
  afterId: string,
  limit: number,
  now: Date,
): Promise<{ links: LoadedLink[]; lastId: string | null; isLast: boolean }> {
  // A first cycle asks for links that it has just stored.
  await refreshStatistics(db);
  const found = await linksToPlan(db, pair, afterId, limit);
  const inFlight = await linksInFlight(
    db,
    pair,
    found.map((row) => row.id),
  );
  // Of a merge, several records may lead to one link: only far fewer than asked for are surely all.
  const isLast = found.length < limit / 2;
  const free = found.filter((row) => !inFlight.has(row.id));
  return { links: await loadLinkStates(db, pair, free, now), lastId: found.at(-1)?.id ?? null, isLast };
}

/** These links with all that the planner needs to know of them; without `now`, what we wrote of late is left out. */
export async function loadLinkStates(
  db: Db,
  pair: string,
  free: readonly LinkRow[],
  now: Date | null = null,
): Promise<LoadedLink[]> {
  const idsOf = (side: SideName) => free.flatMap((row) => idOn(row, side) ?? []);
  const ids = free.map((row) => row.id);
  const since = now === null ? null : new Date(now.getTime() - WINDOW_MS);
  // None of them waits for another's answer.
  const [udesk, crm, conflicts, reverts, ownWrites] = await Promise.all([
    loadRecords(db, pair, 'udesk', idsOf('udesk')),
    loadRecords(db, pair, 'crm', idsOf('crm')),
    activeConflicts(db, pair, ids),
    waitingReverts(db, pair, ids),
    since === null
      ? new Map<string, OwnWrite[]>()
      : recentWrites(db, pair, ids, {
          ...{ since, soonMs: SOON_MS, atLeast: ALTERNATIONS, atMost: MOST_WRITES },
        }),
  ]);
  return free.map((row): LoadedLink => {
    const records = {
      udesk: row.udeskId === null ? null : (udesk.get(row.udeskId) ?? null),
      crm: row.crmId === null ? null : (crm.get(row.crmId) ?? null),
    };
    return {
      row,
      records,
      state: {
        linkId: row.id,
        udeskId: row.udeskId,
        crmId: row.crmId,
        udesk: presence(records.udesk),
        crm: presence(records.crm),
        bases: row.bases,
        rebased: row.rebased,
        conflicts: conflicts.get(row.id) ?? [],
        reverts: reverts.get(row.id) ?? [],
        ownWrites: ownWrites.get(row.id) ?? [],
      },
    };
  });
}

/** Records without a counterpart, each as a link whose other side is still missing. */
export async function loadUnmatched(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<LoadedLink[]> {
  const known = await loadRecords(db, pair, side, ids);
  return ids.flatMap((id): LoadedLink[] => {
    const record = known.get(id);
    if (record === undefined || record.state === 'deleted' || record.linkId !== null) return [];
    const isUdesk = side === 'udesk';
    return [
      {
        row: null,
        records: { udesk: isUdesk ? record : null, crm: isUdesk ? null : record },
        state: {
          linkId: `new:${side}:${id}`,
          udeskId: isUdesk ? id : null,
          crmId: isUdesk ? null : id,
          udesk: isUdesk ? presence(record) : { state: 'missing' },
          crm: isUdesk ? { state: 'missing' } : presence(record),
          bases: {},
          conflicts: [],
        },
      },
    ];
  });
}

function presence(known: KnownRecord | null): Presence {
  if (known === null) return { state: 'missing' };
  return known.state === 'deleted' ? { state: 'deleted' } : { state: 'live', record: known.record };
}
