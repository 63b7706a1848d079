/**
 * The chain of people's decisions: each link is the digest of its entry and of the link before it, so that an entry that
 * was changed, taken out or put in between is found by walking it (promise P12). Values are in it as salted digests only: with
 * the salt, which is no part of the chain, a customer's data is erased without breaking it. Pure.
 */
import { canonicalJson, sha256 } from '../lib/hash.ts';
import type { Take } from './link.ts';
import type { Value } from './value.ts';

export interface DecisionEntry {
  readonly seq: number;
  /** ISO 8601 UTC. */
  readonly at: string;
  readonly who: string;
  readonly action: 'decide' | 'withdraw';
  readonly pair: string;
  readonly conflictId: string;
  readonly decisionId: string;
  readonly take: Take;
  /** Salted digest (`salted`) of the value that was given; of null where a side was taken. */
  readonly value: string;
  /** Salted digest of what the person was shown: base and both sides. */
  readonly shown: string;
  /** Decided by this rule, on behalf of who turned it on; left out: by `who`. */
  readonly rule?: string;
}

/** What else people decide: about identity, records set aside, plans, rules. A rule that ends by itself is told of, too. */
export interface OtherEntry {
  readonly seq: number;
  readonly at: string;
  readonly who: string;
  readonly action:
    | 'confirm'
    | 'reject'
    | 'unlink'
    | 'retry'
    | 'drop'
    | 'approve'
    | 'forget'
    | 'rule-on'
    | 'rule-off'
    | 'assign'
    | 'note';
  readonly pair: string;
  /** What it is about: `link 12`, `parked 7`, `plan HASH`, `first-plan HASH`, `account HASH`, a rule (`ruleSubject`), `note 3 of conflict 12`. */
  readonly subject: string;
}

export type LogEntry = DecisionEntry | OtherEntry;

/**
 * A digest that nobody can guess the value of once the salt is gone: there are few phone numbers, and each could be tried.
 * Without a salt the digest itself, as entries had it before there were salts.
 */
export function salted(salt: string | null, digest: string): string {
  return salt === null ? digest : sha256(`${salt}\n${digest}`);
}

export interface ChainLink {
  /** Of the digests in the entry; null: erased, or from before there were salts. No part of the chain. */
  readonly salt?: string | null;
  readonly seq: number;
  readonly entry: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** What the first link stands on. */
export const CHAIN_START = '0'.repeat(64);

export function linkTo(previousHash: string, entry: LogEntry): ChainLink {
  const text = JSON.stringify(entry);
  return { seq: entry.seq, entry: text, previousHash, hash: linkHash(previousHash, text) };
}

/** What is wrong with `link` after `previous` (null: it is the first); null when nothing is. */
export function faultOf(previous: ChainLink | null, link: ChainLink): string | null {
  const expected = previous?.hash ?? CHAIN_START;
  const number = (previous?.seq ?? 0) + 1;
  if (link.seq !== number) return `entry ${number} is missing`;
  if (link.previousHash !== expected) return `entry ${link.seq} does not follow the one before it`;
  if (link.hash !== linkHash(expected, link.entry)) return `entry ${link.seq} was changed`;
  return null;
}

/** Of any value, whatever the order of its keys: what comes out of the database has another. */
export function valueDigest(value: Value | Readonly<Record<string, unknown>> | null): string {
  return sha256(canonicalJson(value));
}

function linkHash(previousHash: string, entry: string): string {
  return sha256(`${previousHash}\n${entry}`);
}
