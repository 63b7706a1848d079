/**
 * Who is the same person (sync design §6). A link is made only where exactly one record on each side can be meant;
 * whatever else shares a key is a question for a person, never a guess. The answer does not depend on the order of
 * the records or on the side that asks.
 */
import { isStorableText } from '../lib/storable-text.ts';
import { contactForm, contactTexts } from './contacts.ts';
import { otherSide, type SideName, type SideRecord } from './record.ts';
import type { MatchKeyKind, MatchSpec, PairSpec } from './spec.ts';

export interface MatchKey {
  readonly kind: MatchKeyKind;
  /** Normalised. A token is `crm:<id>` or `udesk:<id>`: the id over there, or the record's own. */
  readonly value: string;
}

export interface MatchRecord {
  readonly id: string;
  readonly keys: readonly MatchKey[];
  /** What this record is linked to already; null when it is free. */
  readonly linkedTo: string | null;
}

export interface Neighbourhood {
  readonly udesk: readonly MatchRecord[];
  readonly crm: readonly MatchRecord[];
}

/** One key and who holds it: what speaks for the link, or against it. */
export interface Evidence {
  readonly kind: MatchKeyKind;
  readonly value: string;
  readonly udesk: readonly string[];
  readonly crm: readonly string[];
}

export type MatchDecision =
  | {
      readonly kind: 'link';
      readonly udeskId: string;
      readonly crmId: string;
      readonly evidence: readonly Evidence[];
    }
  | {
      readonly kind: 'review';
      readonly udeskIds: readonly string[];
      readonly crmIds: readonly string[];
      readonly evidence: readonly Evidence[];
      /** 0..1, for sorting: how much speaks for the best pair, divided by how many pairs there are. */
      readonly score: number;
      readonly reason: string;
    }
  | { readonly kind: 'unmatched' };

/**
 * @param neighbourhood all records that share a key with the subject, and all that share one with those; linked ones
 *   too. The subject may be among them.
 * @returns `unmatched` also where only stop-listed values are shared (a value that more than `stopAfter` records of
 *   one side hold links nothing), and for a subject that is linked already (links are sticky)
 */
export function decideMatch(
  spec: MatchSpec,
  side: SideName,
  subject: MatchRecord,
  neighbourhood: Neighbourhood,
): MatchDecision {
  if (subject.linkedTo !== null) return { kind: 'unmatched' };
  const graph = new Graph(spec, neighbourhood, side, subject);
  const candidates = graph.partners(side, subject.id);
  if (candidates.length === 0) return { kind: 'unmatched' };
  const rivals = sortedUnique(candidates.flatMap((id) => graph.partners(otherSide(side), id)));
  const [udeskIds, crmIds] = side === 'udesk' ? [rivals, candidates] : [candidates, rivals];
  const evidence = graph.evidence(udeskIds, crmIds);
  const reason = whyReview(graph, udeskIds, crmIds);
  const [udeskId] = udeskIds;
  const [crmId] = crmIds;
  if (reason === null && udeskId !== undefined && crmId !== undefined) {
    return { kind: 'link', udeskId, crmId, evidence };
  }
  const score = graph.score(udeskIds, crmIds);
  return { kind: 'review', udeskIds, crmIds, evidence, score, reason: reason ?? '' };
}

/** The keys by which a record can be found on the other side; only the kinds of `spec.match.by`, in that order. */
export function matchKeysOf(spec: PairSpec, side: SideName, record: SideRecord): MatchKey[] {
  return spec.match.by.flatMap((kind) => {
    const values =
      kind === 'token'
        ? tokensOf(side, record)
        : contactTexts(spec, side, record.fields, kind).map((text) => contactForm(spec, kind, text));
    // A key that a text column would change could never be found again.
    return sortedUnique(values.filter(isStorableText)).map((value): MatchKey => ({ kind, value }));
  });
}

function tokensOf(side: SideName, record: SideRecord): string[] {
  const external = record.externalId?.trim() ?? '';
  const own = `${side}:${record.id}`;
  return external === '' ? [own] : [own, `${otherSide(side)}:${external}`];
}

function whyReview(graph: Graph, udeskIds: readonly string[], crmIds: readonly string[]): string | null {
  if (udeskIds.length > 1 && crmIds.length > 1) return 'several records on both sides share contact points';
  if (crmIds.length > 1) return 'one customer fits several CRM records';
  if (udeskIds.length > 1) return 'several customers fit one CRM record';
  if (udeskIds.some((id) => graph.isLinked('udesk', id)))
    return 'the customer is linked to another CRM record';
  if (crmIds.some((id) => graph.isLinked('crm', id))) return 'the CRM record is linked to another customer';
  if (graph.contradicts(udeskIds, crmIds)) return 'the stored id of the other side names another record';
  if (graph.strangers(udeskIds, crmIds))
    return 'one stores the id of the other, and they have no e-mail or phone in common';
  return null;
}

/** Who shares which key, stop-listed keys left out. */
class Graph {
  readonly #records: Record<SideName, Map<string, MatchRecord>> = { udesk: new Map(), crm: new Map() };
  readonly #holders = new Map<string, Record<SideName, Set<string>>>();
  readonly #stopAfter: number;

  constructor(spec: MatchSpec, neighbourhood: Neighbourhood, side: SideName, subject: MatchRecord) {
    this.#stopAfter = spec.stopAfter;
    const kinds = new Set(spec.by);
    const add = (on: SideName, record: MatchRecord) => {
      this.#records[on].set(record.id, record);
      for (const key of record.keys) {
        if (!kinds.has(key.kind)) continue;
        const holders = this.#holders.get(keyText(key)) ?? { udesk: new Set(), crm: new Set() };
        holders[on].add(record.id);
        this.#holders.set(keyText(key), holders);
      }
    };
    for (const record of neighbourhood.udesk) add('udesk', record);
    for (const record of neighbourhood.crm) add('crm', record);
    add(side, subject);
  }

  isLinked(side: SideName, id: string): boolean {
    return (this.#records[side].get(id)?.linkedTo ?? null) !== null;
  }

  /** Ids on the other side that share a key with the record. */
  partners(side: SideName, id: string): string[] {
    return sortedUnique(
      this.#keys(side, id).flatMap((key) => [...(this.#holders.get(keyText(key))?.[otherSide(side)] ?? [])]),
    );
  }

  /** A stored id of the other side that names a record outside the pair. */
  contradicts(udeskIds: readonly string[], crmIds: readonly string[]): boolean {
    const names = (side: SideName, ids: readonly string[], allowed: readonly string[]) =>
      ids.some((id) =>
        this.#keys(side, id).some(({ kind, value }) => {
          const prefix = `${otherSide(side)}:`;
          return (
            kind === 'token' && value.startsWith(prefix) && !allowed.includes(value.slice(prefix.length))
          );
        }),
      );
    return names('udesk', udeskIds, crmIds) || names('crm', crmIds, udeskIds);
  }

  /**
   * Both sides have contact points, and share none: only a stored id joins them. It may come from another CRM, or from
   * another table of this one, that counts its ids like ours: evidence, not proof.
   */
  strangers(udeskIds: readonly string[], crmIds: readonly string[]): boolean {
    const contacts = (side: SideName, ids: readonly string[]) =>
      ids.flatMap((id) => this.#keys(side, id).filter(({ kind }) => kind !== 'token')).map(keyText);
    const ours = contacts('udesk', udeskIds);
    const theirs = contacts('crm', crmIds);
    return ours.length > 0 && theirs.length > 0 && !ours.some((text) => theirs.includes(text));
  }

  evidence(udeskIds: readonly string[], crmIds: readonly string[]): Evidence[] {
    const found = new Map<string, Evidence>();
    const sides = [
      ['udesk', udeskIds],
      ['crm', crmIds],
    ] as const;
    for (const [side, ids] of sides) {
      for (const key of ids.flatMap((id) => this.#keys(side, id))) {
        const holders = this.#holders.get(keyText(key));
        const udesk = udeskIds.filter((id) => holders?.udesk.has(id));
        const crm = crmIds.filter((id) => holders?.crm.has(id));
        const speaks = (udesk.length > 0 && crm.length > 0) || isForeignToken(key, side);
        if (speaks) found.set(keyText(key), { kind: key.kind, value: key.value, udesk, crm });
      }
    }
    return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, evidence]) => evidence);
  }

  score(udeskIds: readonly string[], crmIds: readonly string[]): number {
    let best = 0;
    let pairs = 0;
    for (const udeskId of udeskIds) {
      for (const crmId of crmIds) {
        const shared = this.evidence([udeskId], [crmId]).filter(
          ({ udesk, crm }) => udesk.length + crm.length > 1,
        );
        if (shared.length > 0) pairs += 1;
        const kinds = new Set(shared.map(({ kind }) => kind));
        const doubt = [...kinds].reduce((left, kind) => left * (1 - WEIGHT[kind]), 1);
        const doubted = this.contradicts([udeskId], [crmId]) || this.strangers([udeskId], [crmId]);
        const sure = (1 - doubt) * (doubted ? 0.5 : 1);
        best = Math.max(best, sure);
      }
    }
    return Math.round((best / Math.max(1, pairs)) * 1000) / 1000;
  }

  #keys(side: SideName, id: string): MatchKey[] {
    const record = this.#records[side].get(id);
    return (record?.keys ?? []).filter((key) => {
      const holders = this.#holders.get(keyText(key));
      return holders && Math.max(holders.udesk.size, holders.crm.size) <= this.#stopAfter;
    });
  }
}

const WEIGHT: Record<MatchKeyKind, number> = { token: 0.8, email: 0.6, cellphone: 0.5 };

function isForeignToken(key: MatchKey, holder: SideName): boolean {
  return key.kind === 'token' && key.value.startsWith(`${otherSide(holder)}:`);
}

function keyText(key: MatchKey): string {
  return `${key.kind}:${key.value}`;
}

function sortedUnique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
