import { describe, expect, test } from 'vitest';
import { decideMatch, type MatchKey, type MatchRecord, matchKeysOf } from '../../../src/core/match.ts';
import type { MatchSpec } from '../../../src/core/spec.ts';
import { field, pair, record, set } from '../../support/core-fixtures.ts';

const spec: MatchSpec = { by: ['token', 'email', 'cellphone'], defaultRegion: 'CN', stopAfter: 2 };

/** Keys as `e:a` (e-mail), `p:1` (cellphone), `crm:7`, `udesk:7` (tokens; the own id is added). */
function keysOf(own: string, texts: readonly string[]): MatchKey[] {
  const kinds = { e: 'email', p: 'cellphone' } as const;
  const read = (text: string): MatchKey => {
    const kind = kinds[text[0] as 'e' | 'p'];
    return text[1] === ':' && kind ? { kind, value: text.slice(2) } : { kind: 'token', value: text };
  };
  return [{ kind: 'token', value: own }, ...texts.map(read)];
}
function udesk(id: string, texts: readonly string[] = [], linkedTo: string | null = null): MatchRecord {
  return { id, keys: keysOf(`udesk:${id}`, texts), linkedTo };
}
function crm(id: string, texts: readonly string[] = [], linkedTo: string | null = null): MatchRecord {
  return { id, keys: keysOf(`crm:${id}`, texts), linkedTo };
}
function decide(people: readonly MatchRecord[], contacts: readonly MatchRecord[], matchSpec = spec) {
  const [subject] = people;
  if (!subject) throw new Error('no subject');
  return decideMatch(matchSpec, 'udesk', subject, { udesk: people, crm: contacts });
}

describe('links', () => {
  test.each([
    ['e-mail', udesk('1', ['e:a@x']), crm('7', ['e:a@x', 'p:9'])],
    ['cellphone', udesk('1', ['e:a@x', 'p:9']), crm('7', ['p:9'])],
    ['the CRM id that Udesk stores', udesk('1', ['crm:7']), crm('7', ['e:b@x'])],
    ['the Udesk id that the CRM stores', udesk('1'), crm('7', ['udesk:1'])],
  ])('exactly one candidate on each side by %s: linked, with the evidence', (_by, person, contact) => {
    const decision = decide([person], [contact]);
    expect(decision).toMatchObject({ kind: 'link', udeskId: '1', crmId: '7' });
    if (decision.kind === 'link') expect(decision.evidence).toMatchObject([{ udesk: ['1'], crm: ['7'] }]);
  });
  test('a stored id and one of several contact points: linked', () => {
    const decision = decide([udesk('1', ['e:a', 'e:b', 'crm:7'])], [crm('7', ['e:b', 'p:9'])]);
    expect(decision).toMatchObject({ kind: 'link', udeskId: '1', crmId: '7' });
  });
  test('a stored id, and nothing but an office line to tell by: linked', () => {
    const office = ['2', '3', '4'].map((id) => udesk(id, ['p:office']));
    const decision = decide([udesk('1', ['p:office', 'crm:7']), ...office], [crm('7', ['e:b'])]);
    expect(decision).toMatchObject({ kind: 'link', udeskId: '1', crmId: '7' });
  });
  test('nothing shared: unmatched', () => {
    expect(decide([udesk('1', ['e:a@x'])], [crm('7', ['e:b@x'])])).toEqual({ kind: 'unmatched' });
    expect(decide([udesk('1', ['crm:99'])], [])).toEqual({ kind: 'unmatched' });
  });
  test('links are sticky: a linked record is never matched again', () => {
    expect(decide([udesk('1', ['e:a@x'], 'L9')], [crm('7', ['e:a@x'])])).toEqual({ kind: 'unmatched' });
  });
  test('only the kinds that the pair matches by count', () => {
    const byMail = { ...spec, by: ['email'] as const };
    expect(decide([udesk('1', ['p:9'])], [crm('7', ['p:9'])], byMail)).toEqual({ kind: 'unmatched' });
    expect(decide([udesk('1', ['e:a', 'crm:8'])], [crm('7', ['e:a'])], byMail)).toMatchObject({
      kind: 'link',
    });
  });
});

describe('questions for a person', () => {
  test.each([
    ['e-mail to one, phone to another', [udesk('1', ['e:a', 'p:9'])], [crm('7', ['e:a']), crm('8', ['p:9'])]],
    ['two customers fit one record', [udesk('1', ['e:a']), udesk('2', ['e:a'])], [crm('7', ['e:a'])]],
    [
      'two customers share one candidate by different keys',
      [udesk('1', ['e:a']), udesk('2', ['p:9'])],
      [crm('7', ['e:a', 'p:9'])],
    ],
    ['the record is linked to someone else', [udesk('1', ['e:a'])], [crm('7', ['e:a'], 'L9')]],
    [
      'a rival of the customer is linked',
      [udesk('1', ['e:a']), udesk('2', ['e:a'], 'L9')],
      [crm('7', ['e:a'])],
    ],
    ['the token names another record', [udesk('1', ['e:a', 'crm:8'])], [crm('7', ['e:a'])]],
    ['the CRM stores another Udesk id', [udesk('1', ['e:a'])], [crm('7', ['e:a', 'udesk:2'])]],
    ['the token alone, and other contact points', [udesk('1', ['e:a', 'crm:7'])], [crm('7', ['e:b', 'p:9'])]],
    [
      'the token alone, an e-mail here and a phone there',
      [udesk('1', ['e:a'])],
      [crm('7', ['p:9', 'udesk:1'])],
    ],
    ['token to one, e-mail to another', [udesk('1', ['e:a', 'crm:8'])], [crm('7', ['e:a']), crm('8')]],
  ])('%s', (_why, people, contacts) => {
    const decision = decide(people, contacts);
    expect(decision.kind).toBe('review');
    if (decision.kind !== 'review') return;
    expect(decision.udeskIds).toEqual(people.map(({ id }) => id));
    expect(decision.crmIds).toEqual(contacts.map(({ id }) => id));
    expect(decision.reason).toMatch(/.{10}/);
    expect(decision.evidence.length).toBeGreaterThan(0);
    expect(decision.score).toBeGreaterThan(0);
    expect(decision.score).toBeLessThanOrEqual(1);
  });
  test('what more speaks for a pair, the higher its score', () => {
    const score = (mine: string[], theirs: string[]) => {
      const decision = decide([udesk('1', mine)], [crm('7', theirs, 'L9')]);
      return decision.kind === 'review' ? decision.score : 0;
    };
    expect(score(['e:a', 'p:9'], ['e:a', 'p:9'])).toBeGreaterThan(score(['e:a'], ['e:a']));
    expect(score(['e:a'], ['e:a'])).toBeGreaterThan(score(['e:a', 'crm:8'], ['e:a']));
  });
});

describe('the stop list', () => {
  const office = ['3', '4', '5'].map((id) => crm(id, ['p:office']));
  test('a value that more than k records of one side hold links nothing, and asks nothing', () => {
    expect(decide([udesk('1', ['p:office'])], office)).toEqual({ kind: 'unmatched' });
  });
  test('it does not stand in the way of another key', () => {
    const contacts = [crm('7', ['e:a', 'p:office']), ...office.slice(0, 2)];
    expect(decide([udesk('1', ['e:a', 'p:office'])], contacts)).toMatchObject({ kind: 'link', crmId: '7' });
  });
  test('k records are still a question', () => {
    expect(decide([udesk('1', ['p:office'])], office.slice(0, 2)).kind).toBe('review');
  });
  test('a token that many customers carry contradicts nothing', () => {
    const people = ['1', '2', '3'].map((id) => udesk(id, ['crm:0', `e:${id}`]));
    expect(decide(people, [crm('7', ['e:1'])])).toMatchObject({ kind: 'link', udeskId: '1', crmId: '7' });
  });
});

describe('the keys of a record', () => {
  const mapped = pair([
    field({ udesk: 'emails', crm: 'mail', shape: 'set', equivalence: 'email' }),
    field({ udesk: 'cellphones', crm: 'phones', shape: 'set', equivalence: 'phone' }),
  ]);
  test('Udesk: token, all addresses and numbers, normalised, once each, in a fixed order', () => {
    const customer = record(
      '1',
      {
        email: 'B@x.cn',
        emails: set('b@x.cn', 'a@x.cn'),
        cellphones: set(['9', '138 0013 8000'], '+8613800138000'),
      },
      { externalId: '7' },
    );
    expect(matchKeysOf(mapped, 'udesk', customer)).toEqual([
      { kind: 'token', value: 'crm:7' },
      { kind: 'token', value: 'udesk:1' },
      { kind: 'email', value: 'a@x.cn' },
      { kind: 'email', value: 'b@x.cn' },
      { kind: 'cellphone', value: '+8613800138000' },
    ]);
  });
  test('CRM: the mapped fields under their own names; scalars count as well', () => {
    const contact = record(
      '7',
      { mail: 'A@x.cn', phones: [], email: 'not-mapped@x.cn' },
      { externalId: null },
    );
    expect(matchKeysOf(mapped, 'crm', contact)).toEqual([
      { kind: 'token', value: 'crm:7' },
      { kind: 'email', value: 'a@x.cn' },
    ]);
  });
  test('what is no address or number is no key', () => {
    const contact = record('7', { mail: set('none', '-', ''), phones: set('n/a') });
    expect(
      matchKeysOf(pair(mapped.fields, { match: { ...spec, by: ['email', 'cellphone'] } }), 'crm', contact),
    ).toEqual([]);
  });
});
