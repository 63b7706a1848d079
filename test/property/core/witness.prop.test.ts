/**
 * The witness against the simulated tenant, in this process: what an agent does between our look and our write is found
 * in the tenant's own change records. The same race with the whole engine: test/integration/engine/window.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FieldWrite } from '../../../src/core/record.ts';
import { asCarried } from '../../../src/core/set-merge.ts';
import type { FieldSpec } from '../../../src/core/spec.ts';
import { isSet, type Value } from '../../../src/core/value.ts';
import { witnessWrite } from '../../../src/core/witness.ts';
import type { Verdict } from '../../../src/core/witness-records.ts';
import type { Customer, CustomerAttributes } from '../../../src/simulator/customer.ts';
import { Refusal } from '../../../src/simulator/refusal.ts';
import { createSwitches } from '../../../src/simulator/switches.ts';
import { Tenant } from '../../../src/simulator/tenant.ts';
import type { WriteRequest } from '../../../src/simulator/write-request.ts';
import { decodeChanges } from '../../../src/udesk/decode-changes.ts';

const API = { id: 1, nick_name: 'Alex' };
const TOM = { id: 8, nick_name: 'Tom' };
const RUNS = 10_000;

const spec = (
  udesk: string,
  shape: FieldSpec['shape'],
  equivalence: FieldSpec['equivalence'],
): FieldSpec => ({
  udesk,
  crm: udesk,
  shape,
  equivalence,
  direction: 'both',
  policy: 'hold',
  onBlocked: 'hold',
  map: null,
});

/** Blank requests of the API: nothing is changed. */
const NOTHING: WriteRequest = {
  scalars: {},
  customFields: {},
  cellphones: null,
  otherEmails: 'absent',
  tags: null,
  notes: [],
};

interface Race {
  readonly spec: FieldSpec;
  readonly of: (customer: Customer) => Value;
  /** What our write sends. */
  readonly request: (before: Customer) => { readonly write: FieldWrite; readonly request: WriteRequest };
  readonly foreign: (now: Customer) => CustomerAttributes;
}

/** Plays it once. @returns what was verified, left by the agent, and held after our write, with the verdict. */
function play(race: Race, apiWrites: string, wording: string) {
  let clockMs = Date.UTC(2026, 0, 1);
  const tenant = new Tenant({
    switches: createSwitches({ 'feeds.api_writes': apiWrites, 'feeds.wording': wording }),
    customers: [
      {
        nick_name: 'Base',
        email: 'p@example.com',
        other_emails: ['a@example.com', 'b@example.com'],
        cellphones: ['13800000001', '13800000002'],
        description: 'before',
      },
    ],
    now: () => clockMs,
  });
  const [customer] = tenant.index.newestFirst(0, 1);
  if (customer === undefined) throw new Error('the tenant has no customer');
  const { write, request } = race.request(customer);
  const verifiedAt = new Date(clockMs).toISOString();
  clockMs += 300;
  const edited = tenant.write(customer.id, race.foreign(customer), TOM);
  clockMs += 300;
  let held: Value;
  try {
    held = race.of(tenant.update(customer.id, request, API));
  } catch (refused) {
    if (refused instanceof Refusal) return null;
    throw refused;
  }
  const answeredAt = new Date(clockMs).toISOString();
  const records = tenant
    .feedsOf(customer.id)
    .toReversed()
    .map(({ time, author, summary }) => ({
      at: new Date(Math.floor(time / 1000) * 1000).toISOString(),
      author: author === null ? null : { id: String(author.id), name: author.nick_name },
      text: summary,
      changes: decodeChanges(summary),
    }));
  const verdict: Verdict = witnessWrite({
    side: 'udesk',
    spec: race.spec,
    region: 'CN',
    name: race.spec.udesk,
    write,
    held,
    records,
    later: [],
    times: { verifiedAt, answeredAt, skewMs: 0 },
  });
  return { write, left: race.of(edited), held, verdict };
}

const values = (value: Value) => (isSet(value) ? value.map((element) => element.value) : []);

const SHOWN = fc.constantFrom('shown', 'anonymous');
const text = fc.constantFrom('', 'x', '“', '”设置为 “', 'Base', 'before', '中文', 'two words');

describe('P2 the witness against a tenant', () => {
  test(`finds a scalar that was replaced, in ${RUNS} races, and blames nobody else`, () => {
    const race = fc.record({
      ours: text.map((value) => `ours ${value}`),
      foreign: fc.option(text, { nil: null }),
      apiWrites: fc.constantFrom('shown', 'anonymous', 'hidden'),
      wording: fc.constantFrom('zh', 'en'),
    });
    fc.assert(
      fc.property(race, ({ ours, foreign, apiWrites, wording }) => {
        const played = play(
          {
            spec: spec('description', 'scalar', 'text'),
            of: (customer) => customer.description,
            request: (before) => ({
              write: { field: 'description', before: before.description, after: ours, ops: null },
              request: { ...NOTHING, scalars: { description: ours } },
            }),
            foreign: () => (foreign === null ? { nick_name: 'Somebody' } : { description: foreign }),
          },
          apiWrites,
          wording,
        );
        if (played === null) throw new Error('the tenant refused a scalar');
        const { verdict } = played;
        if (foreign === null || foreign === 'before') expect(verdict.verdict).not.toBe('overwritten');
        // One sentence that can be read in two ways, and none of ours: nobody can tell.
        else if (apiWrites === 'hidden' && foreign.includes('设置为'))
          expect(verdict.verdict).not.toBe('clean');
        else expect(verdict.verdict).toBe('overwritten');
        if (verdict.verdict === 'overwritten' && verdict.foreign.value !== undefined)
          expect(verdict.foreign.value ?? '').toBe(foreign);
      }),
      { numRuns: RUNS },
    );
  });

  test(`loses no phone and no address of an agent, in ${RUNS} races`, () => {
    const [P, Q, R, S] = ['13800000001', '13800000002', '13800000003', '13800000004'] as const;
    const race = fc.record({
      field: fc.constantFrom('cellphones' as const, 'emails' as const),
      ours: fc.constantFrom('add', 'remove', 'change'),
      foreign: fc.constantFrom('add', 'remove', 'change', 'change ours', 'nothing'),
      apiWrites: SHOWN,
    });
    fc.assert(
      fc.property(race, ({ field, ours, foreign, apiWrites }) => {
        const email = field === 'emails';
        const name = (number: string) =>
          email ? { [P]: 'a', [Q]: 'b', [R]: 'c', [S]: 'd' }[number] + '@example.com' : number;
        const items = (customer: Customer) => (email ? customer.otherEmails : customer.cellphones);
        const played = play(
          {
            spec: spec(field, 'set', email ? 'email' : 'phone'),
            of: (customer) => [
              ...(email && customer.email !== null ? [{ id: null, value: customer.email }] : []),
              ...items(customer).map(({ id, content }) => ({ id: String(id), value: content })),
            ],
            request: (customer) => {
              const [first, second] = items(customer);
              if (first === undefined || second === undefined) throw new Error('no elements');
              const kept =
                ours === 'remove' ? [] : ours === 'change' ? [{ id: first.id, content: name(S) }] : [first];
              const added = ours === 'add' ? [{ id: null, content: name(S) }] : [];
              const gone = ours === 'remove' && !email ? [{ id: first.id, content: '' }] : [];
              const primary = email && customer.email !== null ? [{ id: null, value: customer.email }] : [];
              const all = (list: readonly { id: number | null; content: string }[]) => [
                ...primary,
                ...list.map(({ id, content }) => ({ id: id === null ? null : String(id), value: content })),
              ];
              const pairs = [...kept, ...added, ...gone, ...(email ? [second] : [])];
              return {
                write: {
                  field,
                  before: all([first, second]),
                  after: all([...kept, second, ...added]),
                  ops: null,
                },
                request: email
                  ? { ...NOTHING, scalars: { email: customer.email }, otherEmails: pairs }
                  : { ...NOTHING, cellphones: pairs },
              };
            },
            foreign: (customer) => {
              const [first, second] = items(customer);
              const list = {
                add: [name(P), name(Q), name(R)],
                remove: [name(P)],
                change: [name(P), { id: second?.id ?? 0, content: name(R) }],
                'change ours': [{ id: first?.id ?? 0, content: name(R) }, name(Q)],
                nothing: [name(P), name(Q)],
              }[foreign];
              return email ? { other_emails: list } : { cellphones: list };
            },
          },
          apiWrites,
          'zh',
        );
        // Refused, because an element is gone: nothing was written, and nothing is lost.
        if (played === null) return;
        const { write, left, held, verdict } = played;
        const base = values(asCarried(spec(field, 'set', 'text'), 'CN', held, write.after, write.before));
        const before = values(write.before);
        const sent = values(write.after);
        // Where each edit of the agent is: held and not taken for agreed, or named by the verdict.
        const named =
          verdict.verdict === 'overwritten' && verdict.foreign.value !== undefined
            ? values(verdict.foreign.value)
            : null;
        for (const added of values(left).filter(
          (value) => !before.includes(value) && !sent.includes(value),
        )) {
          const goesOn = values(held).includes(added) && !base.includes(added);
          expect(goesOn || named?.includes(added) === true).toBe(true);
        }
        for (const removed of before.filter(
          (value) => !values(left).includes(value) && sent.includes(value),
        )) {
          const goesOn = !values(held).includes(removed) && base.includes(removed);
          expect(goesOn || named?.includes(removed) === false).toBe(true);
        }
        if (foreign === 'nothing') expect(verdict).toEqual({ verdict: 'clean' });
      }),
      { numRuns: RUNS },
    );
  });
});
