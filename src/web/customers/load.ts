/** A customer by the id of either side: both records, the link, and the story. */
import { toFieldSpec } from '../../config/pair-spec.ts';
import type { PairConfig } from '../../config/schema.ts';
import { type CustomerHistory, currentOf } from '../../core/history.ts';
import { SIDES, type SideName } from '../../core/record.ts';
import { type Story, tellStory } from '../../core/value-story.ts';
import { activeConflictsOf } from '../../store/conflict-progress.ts';
import { feedItems } from '../../store/feeds.ts';
import { rightAtOf } from '../../store/freshness.ts';
import { loadHistory } from '../../store/history.ts';
import { type KnownRecord, loadRecords } from '../../store/records.ts';
import { personName } from '../links/person.ts';
import { Refusal } from '../refusal.ts';
import type { Visit } from '../visit.ts';
import type { TimelineEvent } from './events.ts';

export interface Customer {
  readonly pair: PairConfig;
  readonly side: SideName;
  readonly id: string;
  readonly history: CustomerHistory;
  readonly story: Story;
  readonly records: Readonly<Record<SideName, KnownRecord | null>>;
  /** ISO 8601: up to when each is known to be right; null where there is none, or it was deleted. */
  readonly rightAt: Readonly<Record<SideName, string | null>>;
  /** Conflicts that wait: field → id. */
  readonly conflicts: ReadonlyMap<string, string>;
  /** Newest first: the story, and what else Udesk's histories hold. */
  readonly timeline: readonly TimelineEvent[];
}

/** @throws Refusal `not-found` where no pair (or not the one that was named) has seen the record */
export async function loadCustomer(visit: Visit, id: string): Promise<Customer> {
  const { db, config } = visit.services;
  const search = visit.url.searchParams;
  const named = search.get('pair');
  const field = search.get('field');
  const side: SideName = search.get('side') === 'crm' ? 'crm' : 'udesk';
  for (const pair of config.pairs) {
    if (named !== null && named !== '' && pair.name !== named) continue;
    const history = await loadHistory(db, pair.name, side, id);
    if (history === null) continue;
    const specs = pair.fields.map(toFieldSpec);
    const story = tellStory(history, specs, true);
    const asked = specs.filter(({ udesk }) => udesk === field);
    const told = asked.length > 0 ? tellStory(history, asked, false).events : story.events;
    const record = async (each: SideName) => {
      const own = currentOf(history, each)?.id;
      return own === undefined ? null : ((await loadRecords(db, pair.name, each, [own])).get(own) ?? null);
    };
    const right = async (each: SideName) => {
      const own = currentOf(history, each)?.id;
      return own === undefined ? null : await rightAtOf(db, pair.name, each, own);
    };
    const udeskId = currentOf(history, 'udesk')?.id;
    const feed = asked.length > 0 || udeskId === undefined ? [] : await feedItems(db, pair.name, udeskId);
    const timeline: TimelineEvent[] = [
      ...told,
      // Changes are in the story already.
      ...feed.filter(({ kind }) => kind !== 'Alteration').map((item) => ({ ...item, feed: true as const })),
    ];
    return {
      ...{ pair, side, id, history, story },
      records: { udesk: await record('udesk'), crm: await record('crm') },
      rightAt: { udesk: await right('udesk'), crm: await right('crm') },
      conflicts: history.link === null ? new Map() : await activeConflictsOf(db, pair.name, history.link.id),
      // The sort is stable, so what comes later of one millisecond stands above.
      timeline: timeline.reverse().sort((a, b) => (a.at > b.at ? -1 : Number(a.at < b.at))),
    };
  }
  throw new Refusal('not-found');
}

/** Of both sides, for whoever reads them anew. */
export function idsOf({ history }: Customer): readonly { readonly side: SideName; readonly id: string }[] {
  return SIDES.flatMap((side) => {
    const record = currentOf(history, side);
    return record === null ? [] : [{ side, id: record.id }];
  });
}

/** As Udesk calls him, else the CRM; null where neither says. */
export function customerName(visit: Visit, { pair, records }: Customer): string | null {
  const names = SIDES.flatMap((side) => {
    const record = records[side];
    if (record === null) return [];
    return personName(visit, { pair: pair.name, side, id: record.record.id, record }) ?? [];
  });
  return names[0] ?? null;
}
