/**
 * A customer's history (udesk/api.md §7): tickets, calls, chats, changes, follow-ups. The vendor names the kind under
 * `feed_type` or `from_type`, and two kinds in two ways each. Ids are unique per kind only.
 */
import { idText, Unreadable } from './decode-lists.ts';
import { type DecodedList, decodeEach, looseText, plainJson, refuseContradictions } from './element.ts';
import { isObject, type JsonObject } from './json.ts';
import { isoTime } from './time.ts';

export const FEED_KINDS = ['Ticket', 'CallLog', 'ImSubSession', 'Alteration', 'CustomerFollowUp'] as const;
export type FeedKind = (typeof FEED_KINDS)[number];

/** Every spelling that was seen. */
const SPELLINGS: Readonly<Record<string, FeedKind>> = {
  Ticket: 'Ticket',
  CallLog: 'CallLog',
  UcpappConversation: 'CallLog',
  ImSubSession: 'ImSubSession',
  Alteration: 'Alteration',
  Alternation: 'Alteration',
  CustomerFollowUp: 'CustomerFollowUp',
};

export interface FeedAuthor {
  readonly id: string | null;
  readonly name: string | null;
}

export interface Feed {
  readonly kind: FeedKind;
  /** Unique together with `kind`. */
  readonly id: string;
  /** ISO 8601 UTC; null for the kinds that carry no time (all but changes), or when it cannot be read. */
  readonly at: string | null;
  /** Who made the change, or wrote the follow-up; null where the kind does not say. */
  readonly author: FeedAuthor | null;
  /** The other members in the vendor's names, as plain JSON; ids are text. `time` stays when it could not be read. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** In the order given, which is newest first as far as known. */
export function decodeFeeds(rows: readonly unknown[]): DecodedList<Feed> {
  return decodeEach(rows, readFeed);
}

function readFeed(raw: JsonObject): Feed {
  refuseContradictions(raw, 'feed');
  const kind = readKind(raw);
  const id = idText(raw.id);
  if (id === null) throw new Unreadable('id: missing or not a number');
  const { id: _id, feed_type: _feed, from_type: _from, time, author, ...rest } = raw;
  const at = isoTime(time);
  const members = Object.entries(rest).map(([key, value]): [string, unknown] => [
    key,
    key.endsWith('_id') ? (idText(value) ?? plainJson(value)) : plainJson(value),
  ]);
  if (at === null && time !== undefined) members.push(['time', plainJson(time)]);
  return { kind, id, at, author: readAuthor(author, rest.agent_name), data: Object.fromEntries(members) };
}

function readKind(raw: JsonObject): FeedKind {
  const named = [raw.feed_type, raw.from_type].filter((name) => name !== undefined && name !== null);
  if (named.length === 0) throw new Unreadable('feed_type: missing, and from_type too');
  const kinds = named.map((name) => (typeof name === 'string' ? spelled(name) : null));
  const [kind] = kinds;
  if (kind === undefined || kind === null) {
    // The name of a kind is the vendor's word, not a customer's: it helps to know it.
    const [name] = named;
    const word = typeof name === 'string' && /^[A-Za-z]{1,40}$/.test(name) ? ` "${name}"` : '';
    throw new Unreadable(`feed_type: an unknown kind${word}`);
  }
  if (kinds.some((other) => other !== kind)) throw new Unreadable('feed_type and from_type name two kinds');
  return kind;
}

function spelled(name: string): FeedKind | null {
  return Object.hasOwn(SPELLINGS, name) ? (SPELLINGS[name] ?? null) : null;
}

/** Changes name an author object; follow-ups only an agent's name. */
function readAuthor(raw: unknown, agentName: unknown): FeedAuthor | null {
  if (isObject(raw)) {
    const author = { id: idText(raw.id), name: looseText(raw.nick_name ?? raw.name) };
    return author.id === null && author.name === null ? null : author;
  }
  const name = looseText(raw) ?? looseText(agentName);
  return name === null || name === '' ? null : { id: null, name };
}
