import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideMatch, type MatchDecision, type MatchKey, type MatchRecord } from '../../../src/core/match.ts';
import { otherSide, SIDES, type SideName } from '../../../src/core/record.ts';
import type { MatchSpec } from '../../../src/core/spec.ts';

const spec: MatchSpec = { by: ['token', 'email', 'cellphone'], defaultRegion: 'CN', stopAfter: 2 };

const key: fc.Arbitrary<MatchKey> = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'd').map((value): MatchKey => ({ kind: 'email', value })),
  fc.constantFrom('1', '2', '3').map((value): MatchKey => ({ kind: 'cellphone', value })),
);
function side(name: SideName): fc.Arbitrary<MatchRecord[]> {
  return fc
    .array(
      fc.record({
        keys: fc.uniqueArray(key, { maxLength: 2, selector: (k) => k.kind + k.value }),
        external: fc.option(fc.constantFrom('0', '1', '2', '9'), { freq: 3 }),
        linked: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((rows) =>
      rows.map(({ keys, external, linked }, i) => {
        const own: MatchKey = { kind: 'token', value: `${name}:${i}` };
        const foreign: MatchKey[] =
          external === null ? [] : [{ kind: 'token', value: `${otherSide(name)}:${external}` }];
        return {
          id: String(i),
          keys: [own, ...foreign, ...keys],
          linkedTo: linked && i > 1 ? `L${i}` : null,
        };
      }),
    );
}
const world = fc.record({ udesk: side('udesk'), crm: side('crm') });
type World = { udesk: MatchRecord[]; crm: MatchRecord[] };

function decide(on: SideName, subject: MatchRecord, near: World): MatchDecision {
  return decideMatch(spec, on, subject, near);
}

/** Two hops around a subject, as the engine gathers them. */
function around(all: World, subject: MatchRecord): World {
  const share = (a: MatchRecord, b: MatchRecord) =>
    a.keys.some((x) => b.keys.some((y) => x.kind === y.kind && x.value === y.value));
  const everyone = [...all.udesk, ...all.crm];
  const first = everyone.filter((one) => share(one, subject));
  const within = (one: MatchRecord) => first.some((near) => share(one, near));
  return { udesk: all.udesk.filter(within), crm: all.crm.filter(within) };
}

const runs = { numRuns: 1000 };

describe('laws of matching', () => {
  test('P11: the order of the records, and whether the subject is among them, makes no difference', () => {
    fc.assert(
      fc.property(world, fc.constantFrom(...SIDES), fc.integer(), (all, on, seed) => {
        const [subject] = all[on];
        if (!subject) return;
        const turn = <T>(list: T[]) => {
          const at = Math.abs(seed) % Math.max(1, list.length);
          return [...list.slice(at), ...list.slice(0, at)].reverse();
        };
        const turned = { udesk: turn(all.udesk), crm: turn(all.crm) };
        const shuffledKeys = (r: MatchRecord) => ({ ...r, keys: [...r.keys].reverse() });
        const expected = decide(on, subject, all);
        expect(decide(on, subject, turned)).toEqual(expected);
        const others = { ...turned, [on]: turned[on].filter((one) => one !== subject) };
        expect(decide(on, shuffledKeys(subject), others)).toEqual(expected);
      }),
      runs,
    );
  });

  test('two hops decide as the whole world would', () => {
    fc.assert(
      fc.property(world, fc.constantFrom(...SIDES), (all, on) => {
        for (const subject of all[on]) {
          // What is known about a rival's other keys ends there: it may change the evidence shown, not the decision.
          const heart = (d: MatchDecision) => (d.kind === 'review' ? [d.udeskIds, d.crmIds, d.reason] : d);
          expect(heart(decide(on, subject, around(all, subject)))).toEqual(heart(decide(on, subject, all)));
        }
      }),
      runs,
    );
  });

  test('both sides agree: a link from one is the link from the other, and no record is linked twice', () => {
    fc.assert(
      fc.property(world, (all) => {
        const links = new Map<SideName, string[]>();
        for (const on of SIDES) {
          const found = all[on].flatMap((subject) => {
            const decision = decide(on, subject, all);
            return decision.kind === 'link' ? [`${decision.udeskId} ${decision.crmId}`] : [];
          });
          links.set(on, found.sort());
        }
        expect(links.get('udesk')).toEqual(links.get('crm'));
        for (const at of [0, 1]) {
          const ids = (links.get('udesk') ?? []).map((pair) => pair.split(' ')[at]);
          expect(new Set(ids).size).toBe(ids.length);
        }
      }),
      runs,
    );
  });

  test('a link is never made with a linked record, against a stored id, or of strangers (T25)', () => {
    fc.assert(
      fc.property(world, (all) => {
        for (const subject of all.udesk) {
          const decision = decide('udesk', subject, all);
          if (decision.kind !== 'link') continue;
          const contact = all.crm.find(({ id }) => id === decision.crmId);
          expect([subject.linkedTo, contact?.linkedTo]).toEqual([null, null]);
          const carriers = all.udesk.filter((one) => one.keys.some((k) => k.value.startsWith('crm:')));
          const foreign = subject.keys.find((k) => k.kind === 'token' && k.value.startsWith('crm:'));
          const shared = carriers.filter((one) => one.keys.some((k) => k.value === foreign?.value));
          if (foreign && shared.length <= spec.stopAfter) expect(foreign.value).toBe(`crm:${decision.crmId}`);
          const speaks = decision.evidence.some(({ kind }) => kind !== 'token');
          const holders = (one: MatchKey) =>
            SIDES.map((on) => all[on].filter((r) => r.keys.some((k) => k.value === one.value)).length);
          const contacts = (one: MatchRecord | undefined) =>
            (one?.keys ?? []).filter((k) => k.kind !== 'token' && Math.max(...holders(k)) <= spec.stopAfter);
          const silent = contacts(subject).length === 0 || contacts(contact).length === 0;
          expect(speaks || silent).toBe(true);
        }
      }),
      runs,
    );
  });
});
