/**
 * The protocol of sync design §8, exhaustively: the real planner, the real rules of settling and of looking, all
 * interleavings of people, engine, network and crashes for one field and two sides (test/model). The planner only
 * compares values, so a fresh value per edit is all the data that is needed.
 */
import { describe, expect, test } from 'vitest';
import { type Explored, explore } from '../../model/explore.ts';
import type { World } from '../../model/moves.ts';
import { PLAIN } from '../../model/rules.ts';
import type { Budget } from '../../model/state.ts';

const WORLD: World = { ...PLAIN, lateCalls: false, editsInTheMoment: true };
const FOUR_EDITS: Budget = { edits: 4, crashes: 2, decisions: 0 };
const NOTHING = { 'a lost edit': 0, 'no convergence': 0, 'an echo': 0 };

function look(name: string, over: Partial<World>, budget: Budget): Explored {
  const found = explore({ ...WORLD, ...over }, budget);
  const { states, transitions, complaints, blind, cycles, writes } = found;
  say(
    `model, ${name}: ${states} states, ${transitions} transitions, ${JSON.stringify(complaints)}, ${blind} blind writes; at rest after ${cycles} cycle(s) and ${writes} write(s) at most`,
  );
  return found;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function shown({ trace }: Explored): string {
  return `\n${(trace ?? []).map((line, n) => `${n}. ${line}`).join('\n')}\n`;
}

/** A second or two each, and more where the machine is busy. */
const TIME = { timeout: 60_000 };

describe(
  'P2 no edit is lost, P4 no echo, P6 convergence: all interleavings of 4 edits and 2 crashes',
  TIME,
  () => {
    const worlds: readonly (readonly [string, Partial<World>, Budget])[] = [
      ['policy hold', {}, FOUR_EDITS],
      ['policy udesk', { policy: 'udesk' }, FOUR_EDITS],
      ['policy crm', { policy: 'crm' }, FOUR_EDITS],
      ['a CRM with compare-and-set', { compareAndSet: { udesk: false, crm: true } }, FOUR_EDITS],
      ['compare-and-set on both', { compareAndSet: { udesk: true, crm: true } }, FOUR_EDITS],
      ['two decisions of a person', {}, { edits: 3, crashes: 1, decisions: 2 }],
      ['decisions under policy crm', { policy: 'crm' }, { edits: 3, crashes: 1, decisions: 1 }],
    ];
    test.each(worlds)('%s', (name, over, budget) => {
      const found = look(name, over, budget);
      expect(found.complaints, shown(found)).toEqual(NOTHING);
      expect(found.blind).toBe(0);
      expect(found.cycles).toBeLessThanOrEqual(2);
      // All edits of the model may be pending at once; still each side is written once.
      expect(found.writes).toBeLessThanOrEqual(2);
      expect(found.states).toBeGreaterThan(1_000);
    });
  },
);

describe('what each step is for: without it, the model finds what goes wrong', TIME, () => {
  test('without the witness, an edit inside the moment between look and write is lost', () => {
    const found = look('without the witness', { witness: false }, FOUR_EDITS);
    say(shown(found));
    expect(found.complaints['a lost edit']).toBeGreaterThan(0);
    expect(found.trace?.at(-1)).toContain('a lost edit');
  });

  test('without asking the history what became of a write without an answer, an edit that it replaced is lost once somebody goes on', () => {
    const found = look('without the trace', { trace: false }, FOUR_EDITS);
    say(shown(found));
    expect(found.complaints['a lost edit']).toBeGreaterThan(0);
    expect(found.trace?.at(-1)).toContain('a lost edit');
  });

  test('where no history tells what was replaced, the verifying look saves what was edited before it', () => {
    // Edits in the moment between look and write are beyond what such a side can promise.
    const mute = { witness: false, trace: false, editsInTheMoment: false };
    const saved = look('no history, with verify', mute, FOUR_EDITS);
    expect(saved.complaints, shown(saved)).toEqual(NOTHING);
    const lost = look('no history, without verify', { ...mute, verify: false }, FOUR_EDITS);
    say(shown(lost));
    expect(lost.complaints['a lost edit']).toBeGreaterThan(0);
  });

  test('without the verifying look, writes go over values that were there to be seen; without both, more edits are lost', () => {
    const blind = look('without verify', { verify: false }, FOUR_EDITS);
    expect(blind.blind).toBeGreaterThan(0);
    const neither = look('without verify and witness', { verify: false, witness: false }, FOUR_EDITS);
    const witnessless = explore({ ...WORLD, witness: false }, FOUR_EDITS);
    say(shown(neither));
    expect(neither.complaints['a lost edit']).toBeGreaterThan(witnessless.complaints['a lost edit']);
    expect(neither.trace?.length).toBeLessThan(witnessless.trace?.length ?? 0);
  });

  test('a call that reaches a side after everybody has looked for it is beyond every promise: the limit is known', () => {
    const found = look('late calls', { lateCalls: true }, { edits: 2, crashes: 1, decisions: 0 });
    expect(found.complaints['a lost edit']).toBeGreaterThan(0);
    expect(found.complaints['no convergence'] + found.complaints['an echo']).toBe(0);
    // A side that compares and sets refuses it.
    const safe = { lateCalls: true, compareAndSet: { udesk: true, crm: true } };
    expect(
      look('late calls, compare-and-set', safe, { edits: 3, crashes: 1, decisions: 0 }).complaints,
    ).toEqual(NOTHING);
  });
});
