/**
 * Figures 4 and 5: how fast the planner decides in memory, against looking at every value once; and planning all links
 * again from Postgres, against reading the very same rows. Every tenth record is edited on one side.
 */
import { normalizeText } from '../src/core/equivalence.ts';
import type { FieldBase, LinkState } from '../src/core/link.ts';
import { matchKeysOf } from '../src/core/match.ts';
import { contentHash } from '../src/core/observation.ts';
import { reconcileLink } from '../src/core/reconcile.ts';
import type { SideName, SideRecord } from '../src/core/record.ts';
import { type PairSpec, sideField } from '../src/core/spec.ts';
import type { Value } from '../src/core/value.ts';
import type { Cycle } from '../src/engine/context.ts';
import { planDry } from '../src/engine/plan.ts';
import { insertConfirmedLinks, saveBases } from '../src/store/links.ts';
import { upsertRecords } from '../src/store/records.ts';
import { inTurn } from './measure.ts';
import { person } from './people.ts';
import { type Cluster, openStage, type Stage } from './stage.ts';
import { type Cost, timed } from './timed.ts';

const CHUNK = 1_000;
/** As many links as the engine loads at a time. */
const READ_LINKS = 500;
const EDITED_EVERY = 10;

export interface Compared {
  readonly ours: readonly Cost[];
  readonly limit: readonly Cost[];
}

/** A link is two records held against their bases. */
export async function planInMemory(cluster: Cluster, links: number, repetitions: number): Promise<Compared> {
  const stage = await openStage(await cluster.place('planner'));
  try {
    const { spec } = stage.pair;
    const states = Array.from({ length: links }, (_, n) => linkOf(spec, n));
    let writes = 0;
    const found = await inTurn(
      repetitions,
      () =>
        timed(async () => {
          writes = 0;
          for (const state of states) writes += reconcileLink(spec, state).writes.length;
          expectWrites(writes, links);
        }),
      () =>
        timed(async () => {
          let length = 0;
          for (const state of states) length += lookOnce(spec, state);
          if (length === 0) throw new Error('nothing was looked at');
        }),
    );
    return { ours: found.first, limit: found.second };
  } finally {
    await stage.close();
  }
}

/** Everything is dirty, as after a change of the mapping. Nothing is written. */
export async function planFromPostgres(
  cluster: Cluster,
  links: number,
  repetitions: number,
): Promise<Compared> {
  const stage = await openStage(await cluster.place('replan'));
  try {
    await fill(stage, links);
    const cycle: Cycle = {
      ...stage.engine,
      ...stage.pair,
      fence: { pair: stage.pair.spec.name, owner: 'bench', fence: 0 },
      runId: 0,
      signal: new AbortController().signal,
      held: new AbortController().signal,
      progress: () => {},
    };
    const nobody = { udesk: [], crm: [] };
    const found = await inTurn(
      repetitions,
      () =>
        timed(async () => {
          const { updates } = await planDry(cycle, nobody);
          expectWrites(updates.udesk + updates.crm, links);
        }),
      () =>
        timed(async () => {
          const rows = await readPlainly(stage);
          if (rows !== 3 * links) throw new Error(`${rows} rows were read instead of ${3 * links}`);
        }),
    );
    return { ours: found.first, limit: found.second };
  } finally {
    await stage.close();
  }
}

function expectWrites(writes: number, links: number): void {
  const expected = Math.ceil(links / EDITED_EVERY);
  if (writes !== expected) throw new Error(`${writes} writes were planned instead of ${expected}`);
}

function linkOf(spec: PairSpec, n: number): LinkState {
  const udesk = recordOf(spec, 'udesk', n);
  const crm = recordOf(spec, 'crm', n);
  const bases = basesOf(spec, udesk, crm);
  return {
    linkId: String(n + 1),
    udeskId: udesk.id,
    crmId: crm.id,
    udesk: { state: 'live', record: n % EDITED_EVERY === 0 ? edited(udesk) : udesk },
    crm: { state: 'live', record: crm },
    bases,
    conflicts: [],
  };
}

function edited(record: SideRecord): SideRecord {
  return { ...record, fields: { ...record.fields, nick_name: `${String(record.fields.nick_name)}, edited` } };
}

function basesOf(spec: PairSpec, udesk: SideRecord, crm: SideRecord): Record<string, FieldBase> {
  return Object.fromEntries(
    spec.fields.map((field) => [
      field.udesk,
      { udesk: udesk.fields[field.udesk] ?? null, crm: crm.fields[field.crm] ?? null, accepted: false },
    ]),
  );
}

/** The mapped fields of a person, in the side's own names and values. */
function recordOf(spec: PairSpec, side: SideName, n: number): SideRecord {
  const who = person(n);
  const elements = (texts: readonly string[]): Value =>
    texts.map((value, at) => ({ id: side === 'udesk' ? String(who.id * 10 + at) : null, value }));
  const level = who.vip ? 'vip' : 'normal';
  const values: Readonly<Record<string, Value>> = {
    nick_name: who.name,
    emails: elements([who.email, ...who.otherEmails]),
    cellphones: elements(who.phones),
    level: side === 'udesk' ? level : who.vip ? 'gold' : 'standard',
    'custom.TextField_2': who.industry,
    description: who.note,
  };
  return {
    id: side === 'udesk' ? String(who.id) : String(n + 1),
    fields: Object.fromEntries(
      spec.fields.map((field) => [sideField(field, side), values[field.udesk] ?? null]),
    ),
    externalId: null,
    version: null,
    updatedAt: null,
  };
}

/** The least that any comparison must do: the normal form of every value on both sides and in both bases. */
function lookOnce(spec: PairSpec, state: LinkState): number {
  let length = 0;
  for (const field of spec.fields) {
    const base = state.bases[field.udesk];
    for (const side of ['udesk', 'crm'] as const) {
      const presence = state[side];
      const now = presence.state === 'live' ? presence.record.fields[sideField(field, side)] : null;
      for (const value of [now ?? null, base?.[side] ?? null]) {
        for (const text of textsOf(value))
          length += normalizeText(field.equivalence, text, spec.match.defaultRegion).length;
      }
    }
  }
  return length;
}

function textsOf(value: Value): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.map((element) => element.value) : [];
}

/** All records first, then all links: a table that grows while the planner takes it for empty is read from end to end. */
async function fill({ database, pair: { spec } }: Stage, links: number): Promise<void> {
  const { db, sql } = database;
  const at = new Date();
  const chunks = Array.from({ length: Math.ceil(links / CHUNK) }, (_, chunk) => chunk * CHUNK);
  const statesFrom = (from: number) =>
    Array.from({ length: Math.min(CHUNK, links - from) }, (_, n) => linkOf(spec, from + n));
  for (const from of chunks) {
    const states = statesFrom(from);
    for (const side of ['udesk', 'crm'] as const) {
      const records = states.flatMap(({ [side]: presence }) =>
        presence.state === 'live' ? [presence.record] : [],
      );
      const upserts = records.map((record) => ({
        record,
        hash: contentHash(record),
        keys: matchKeysOf(spec, side, record).map(({ kind, value }) => `${kind}:${value}`),
        delta: null,
      }));
      await upsertRecords(db, { pair: spec.name, side, at, lane: 'sweep', runId: null }, upserts);
    }
    if (from === 0) await sql`analyze`;
  }
  await sql`analyze`;
  for (const from of chunks) {
    const states = statesFrom(from);
    const ids = await insertConfirmedLinks(
      db,
      spec.name,
      states.map(({ udeskId, crmId }) => ({ udeskId, crmId, evidence: [], decidedBy: 'bench' })),
      at,
    );
    if (from === 0) await sql`analyze udesk_sync.link`;
    await saveBases(
      db,
      spec.name,
      states.flatMap(({ bases }, n) => (ids[n] == null ? [] : [{ id: ids[n], bases: { ...bases } }])),
    );
  }
  await sql`vacuum analyze`;
}

/** The same rows in chunks of the same size, and nothing but read: links, and the two records of each. */
async function readPlainly({ database: { sql }, pair: { spec } }: Stage): Promise<number> {
  let rows = 0;
  for (let after = '0'; ; ) {
    const links = await sql<{ id: string; udesk_id: string; crm_id: string }[]>`
      select id, udesk_id, crm_id, state, evidence::text, reason, bases::text, decided_by from udesk_sync.link
      where pair = ${spec.name} and id > ${after}::bigint order by id limit ${READ_LINKS}`;
    const last = links.at(-1);
    if (last === undefined) return rows;
    after = last.id;
    rows += links.length;
    for (const side of ['udesk', 'crm'] as const) {
      const ids = links.map((link) => (side === 'udesk' ? link.udesk_id : link.crm_id));
      const records = await sql`
        select remote_id, fields::text, external_id, version, updated_at, hash, state, link_id, obs_seq
        from udesk_sync.record where pair = ${spec.name} and side = ${side} and remote_id = any(${ids})`;
      rows += records.length;
    }
  }
}
