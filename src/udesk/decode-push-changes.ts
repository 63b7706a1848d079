/**
 * What the callback of an edited customer says that changed (udesk/api.md §8.2): pairs of an old and a new value, in the
 * shapes of a response. It is compared with what we wrote, and never stored. Whatever could be read in two ways is not
 * read at all: then the customer is looked at, as for any other hint.
 */
import type { ToldChange } from '../core/own-echo.ts';
import type { Element } from '../core/value.ts';
import { decodeCellphones, decodeOtherEmails, idText, Unreadable } from './decode-lists.ts';
import { refuseContradictions } from './element.ts';
import { isObject } from './json.ts';

/** Null: it does not tell, or not in words that can mean one thing only. */
export function decodePushChanges(changes: unknown): readonly ToldChange[] | null {
  try {
    if (!isObject(changes)) return null;
    refuseContradictions(changes, 'changes');
    return Object.entries(changes).flatMap(([name, pair]) => {
      if (!Array.isArray(pair) || pair.length !== 2) throw new Unreadable(`${name}: not a pair`);
      return readMember(name, pair[0], pair[1]);
    });
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

const TEXTS: Readonly<Record<string, readonly string[]>> = {
  nick_name: ['nick_name'],
  email: ['email', 'emails'],
  level: ['level'],
  description: ['description'],
  is_blocked: ['is_blocked'],
  open_api_token: ['token'],
  owner_id: ['owner'],
  owner_group_id: ['owner_group'],
  organization_id: ['organization'],
};

function readMember(name: string, from: unknown, to: unknown): ToldChange[] {
  const fields = Object.hasOwn(TEXTS, name) ? TEXTS[name] : undefined;
  if (fields !== undefined) return changeOf(fields, text(name, from), text(name, to));
  switch (name) {
    case 'updated_at':
      return [];
    case 'other_emails':
      return elementChanges(
        'emails',
        listed(name, from, decodeOtherEmails),
        listed(name, to, decodeOtherEmails),
      );
    case 'cellphones': {
      const decode = (raw: unknown) => decodeCellphones({ cellphones: raw });
      return elementChanges('cellphones', listed(name, from, decode), listed(name, to, decode));
    }
    case 'tags':
      return elementChanges('tags', tags(from), tags(to));
    case 'custom_fields':
      return customChanges(from, to);
    default:
      throw new Unreadable(`${name}: not known`);
  }
}

function customChanges(from: unknown, to: unknown): ToldChange[] {
  const [old, now] = [from ?? {}, to ?? {}];
  if (!isObject(old) || !isObject(now)) throw new Unreadable('custom_fields: not an object');
  for (const fields of [old, now]) refuseContradictions(fields, 'custom_fields');
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) =>
    // A selection is told by its options, which we know by their labels: not a text, so not read.
    changeOf([`custom.${key}`], text(key, old[key]), text(key, now[key])),
  );
}

function changeOf(fields: readonly string[], from: string | null, to: string | null): ToldChange[] {
  return from === to ? [] : [{ fields, from, to }];
}

/** Elements with ids are followed by them: one that was edited in place went from one content to another. */
function elementChanges(field: string, from: readonly Element[], to: readonly Element[]): ToldChange[] {
  const identity = ({ id, value }: Element) => id ?? `text ${value}`;
  const old = new Map(from.map((element) => [identity(element), element.value]));
  const kept = new Set(to.map(identity));
  const gone = from.filter((element) => !kept.has(identity(element)));
  return [
    ...gone.flatMap(({ value }) => changeOf([field], value, null)),
    ...to.flatMap((element) => changeOf([field], old.get(identity(element)) ?? null, element.value)),
  ];
}

function listed(name: string, raw: unknown, decode: (raw: unknown) => Element[] | null): readonly Element[] {
  // The flat form of ids and addresses could be a pair as well.
  const list = Array.isArray(raw) && raw.every(isObject) ? decode(raw) : null;
  if (list === null) throw new Unreadable(`${name}: not a list of objects`);
  return list;
}

/** Texts separated by commas could be the old and the new half of anything. */
function tags(raw: unknown): readonly Element[] {
  if (!Array.isArray(raw)) throw new Unreadable('tags: not a list');
  return raw.map((tag) => {
    const name = isObject(tag) ? tag.name : tag;
    if (typeof name !== 'string') throw new Unreadable('tags: a tag without a name');
    return { id: null, value: name };
  });
}

function text(name: string, raw: unknown): string | null {
  if (raw === null || raw === undefined) return null;
  if (typeof raw === 'string') return raw;
  if (typeof raw === 'boolean') return String(raw);
  const id = idText(raw);
  if (id === null) throw new Unreadable(`${name}: not a text`);
  return id;
}
