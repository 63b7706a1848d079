/** What is believed of an answer about many creates, and what ends that belief (decision 0006). */
import { expect, test } from 'vitest';
import type { Contact } from '../../../src/core/contacts.ts';
import type { Side } from '../../../src/crm/adapter.ts';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import type { Cycle } from '../../../src/engine/context.ts';
import { createLooks } from '../../../src/engine/create-looks.ts';
import type { IntentRow } from '../../../src/store/intents.ts';
import { field, pair } from '../../support/core-fixtures.ts';

const email = (value: string): Contact => ({ kind: 'email', value });

function create(id: string, address: string): IntentRow {
  const after = [{ id: null, value: address }];
  const patch = { emails: { field: 'emails', before: null, after, ops: null } };
  return { id, side: 'crm', op: 'create', marker: null, patch } as unknown as IntentRow;
}

/** Two creates that carry the same e-mail, and a third; a question takes 100 ms. */
function start() {
  let nowMs = 0;
  const crm = createMemoryCrm();
  const unheld = crm.side.unheld as NonNullable<Side['unheld']>;
  const questions: string[][] = [];
  const side: Side = {
    ...crm.side,
    unheld: async (contacts) => {
      questions.push(contacts.map(({ value }) => value));
      nowMs += 100;
      return await unheld(contacts);
    },
  };
  const spec = pair([field({ udesk: 'emails', crm: 'emails', equivalence: 'email', shape: 'set' })]);
  const cycle = { spec, sides: { udesk: side, crm: side }, monotonic: () => nowMs } as unknown as Cycle;
  const looks = createLooks(cycle);
  const creates = [
    create('1', 'Shared@example.com'),
    create('2', 'shared@example.com'),
    create('3', 'c@example.com'),
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

test('what a write of ours carries is not free any more, in whatever form: it is asked for again', async () => {
  const { looks, creates, crm } = start();
  await looks.notFree(creates[one] as IntentRow, [email('shared@example.com')]);
  looks.leaves(creates[one] as IntentRow);
  crm.table.insert({ emails: [{ id: null, value: 'Shared@example.com' }] });
  expect(await looks.notFree(creates[two] as IntentRow, [email('shared@example.com')])).toEqual([
    email('shared@example.com'),
  ]);
});

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
