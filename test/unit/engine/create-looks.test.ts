/** What is believed of an answer about many creates, and what ends that belief (decision 0006). */
import { expect, test } from 'vitest';
import type { Contact } from '../../../src/core/contacts.ts';
import type { Side } from '../../../src/crm/adapter.ts';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import type { Cycle } from '../../../src/engine/context.ts';
import { createLooks } from '../../../src/engine/create-looks.ts';
import { SyncError } from '../../../src/errors.ts';
import type { IntentRow } from '../../../src/store/intents.ts';
import { field, pair } from '../../support/core-fixtures.ts';

const email = (value: string): Contact => ({ kind: 'email', value });

function write(id: string, op: 'create' | 'update', address: string): IntentRow {
  const after = [{ id: null, value: address }];
  const patch = { emails: { field: 'emails', before: null, after, ops: null } };
  return { id, side: 'crm', op, marker: null, patch } as unknown as IntentRow;
}

/**
 * Two creates that carry the same e-mail, and a third; a question takes 100 ms.
 * @param meanwhile happens after the side has looked, and before its answer arrives
 */
function start(meanwhile: () => void = () => {}) {
  let nowMs = 0;
  const crm = createMemoryCrm();
  const unheld = crm.side.unheld as NonNullable<Side['unheld']>;
  const questions: string[][] = [];
  const side: Side = {
    ...crm.side,
    unheld: async (contacts) => {
      questions.push(contacts.map(({ value }) => value));
      nowMs += 100;
      const free = await unheld(contacts);
      meanwhile();
      return free;
    },
  };
  const spec = pair([field({ udesk: 'emails', crm: 'emails', equivalence: 'email', shape: 'set' })]);
  const cycle = {
    spec,
    sides: { udesk: side, crm: side },
    monotonic: () => nowMs,
    log: { info: () => {} },
  } as unknown as Cycle;
  const looks = createLooks(cycle);
  const creates = [
    write('1', 'create', 'Shared@example.com'),
    write('2', 'create', 'shared@example.com'),
    write('3', 'create', 'c@example.com'),
  ];
  looks.upcoming(creates);
  return {
    looks,
    creates,
    questions,
    crm,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const [one, two, three] = [0, 1, 2];

test('one question is asked about all of them, each value once, and what nobody holds need not be asked for again', async () => {
  const { looks, creates, questions } = start();
  expect(await looks.notFree(creates[one] as IntentRow, [email('shared@example.com')])).toEqual([]);
  expect(await looks.notFree(creates[three] as IntentRow, [email('c@example.com')])).toEqual([]);
  expect(questions).toEqual([['shared@example.com', 'c@example.com']]);
});

const C = email('c@example.com');
const UPDATE = write('9', 'update', 'C@example.com');

test.each(['before the question', 'while it is under way', 'after the answer'])(
  'what a write of ours carries is not free any more, in whatever form, when it leaves %s',
  async (when) => {
    const { looks, creates } = start(() => {
      if (when === 'while it is under way') looks.leaves(UPDATE);
    });
    if (when === 'before the question') looks.leaves(UPDATE);
    expect(await looks.notFree(creates[one] as IntentRow, [email('shared@example.com')])).toEqual([]);
    if (when === 'after the answer') looks.leaves(UPDATE);
    expect(await looks.notFree(creates[three] as IntentRow, [C])).toEqual([C]);
  },
);

test('nor is what the side has made of it', async () => {
  const { looks, creates } = start();
  await looks.notFree(creates[one] as IntentRow, [email('shared@example.com')]);
  const emails = [{ id: null, value: 'C@example.com' }];
  looks.holds('crm', { id: '1', fields: { emails }, externalId: null, version: null, updatedAt: null });
  expect(await looks.notFree(creates[three] as IntentRow, [C])).toEqual([C]);
});

test('creates that share an e-mail ask about all of them once, and from the second on each for its own', async () => {
  const { looks, creates, questions } = start();
  for (const create of creates.slice(0, 2)) {
    await looks.notFree(create, [email('shared@example.com')]);
    looks.leaves(create);
  }
  expect(questions).toHaveLength(1);
});

test('a side that fails at a question about many is asked for each alone, and not about many again', async () => {
  for (const kind of ['contract', 'rejected', 'transient'] as const) {
    const { looks, creates, questions } = start(() => {
      throw new SyncError(kind, 'the statement was given up', { side: 'crm' });
    });
    for (const create of creates) expect(await looks.notFree(create, [C])).toEqual([C]);
    expect(questions).toHaveLength(1);
  }
});

test.each(['throttled', 'auth', 'config'] as const)(
  'what ends or delays the whole push is thrown: %s',
  async (kind) => {
    const { looks, creates } = start(() => {
      throw new SyncError(kind, 'not now', { side: 'crm' });
    });
    await expect(looks.notFree(creates[one] as IntentRow, [C])).rejects.toMatchObject({ kind });
  },
);

test('what somebody holds is asked for by itself, without asking about all of them again', async () => {
  const { looks, creates, questions, crm } = start();
  crm.table.insert({ emails: [{ id: null, value: 'C@example.com' }] });
  await looks.notFree(creates[one] as IntentRow, [email('shared@example.com')]);
  expect(await looks.notFree(creates[three] as IntentRow, [email('c@example.com')])).toEqual([
    email('c@example.com'),
  ]);
  expect(questions).toHaveLength(1);
});

test('the answer is believed for twenty times as long as it took to ask, and then all that is left are asked about', async () => {
  const { looks, creates, questions, pass } = start();
  await looks.notFree(creates[one] as IntentRow, [email('shared@example.com')]);
  pass(1_999);
  await looks.notFree(creates[one] as IntentRow, [email('shared@example.com')]);
  expect(questions).toHaveLength(1);
  pass(1);
  await looks.notFree(creates[two] as IntentRow, [email('shared@example.com')]);
  expect(questions).toHaveLength(2);
});
