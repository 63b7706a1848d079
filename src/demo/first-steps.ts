/** Steps 2 and 3: the first run that only reports, its acceptance, the first whole cycle, and one that has nothing to do. */
import { showValue } from '../cli/show-value.ts';
import type { PlanItem } from '../core/plan.ts';
import { type CycleOptions, type CycleReport, runCycle } from '../engine/cycle.ts';
import { listConflicts } from '../store/conflicts.ts';
import { listLinks } from '../store/links.ts';
import type { Facts } from './claims.ts';
import { compareNow, countWrites, type Stage } from './stage.ts';

/** What the report of the first run shows of each. */
const SAMPLES = 6;

export type FirstFacts = Pick<Facts, 'firstRun' | 'accepted' | 'agreed' | 'quiet'>;

export async function firstSteps(stage: Stage): Promise<FirstFacts> {
  const { show, words, people } = stage;
  show.step(2, words.steps.firstRun);
  const before = await countWrites(stage);
  const items: PlanItem[] = [];
  const first = await cycle(stage, { onItem: (item) => items.push(item) });
  const after = await countWrites(stage);
  show.line(words.read(first.observed.udesk.seen, first.observed.crm.seen));
  show.line(words.found(first.matched.linked, first.matched.reviews));
  show.line(words.wouldWrite(first.plan));
  show.table(sample(items), [
    { title: words.columns.side, value: ({ side }) => words.side[side] },
    { title: words.columns.record, value: (item) => idOf(item) ?? words.newRecord },
    { title: words.columns.field, value: ({ field }) => field },
    { title: words.columns.before, value: (item) => showValue(item.before), flexible: true },
    { title: words.columns.after, value: (item) => showValue(item.after) },
    { title: words.columns.why, value: ({ reason }) => reason },
  ]);
  show.line(words.more(items.length - SAMPLES));
  await showQuestions(stage);
  show.line(words.nothingWritten);

  show.step(3, words.steps.accept);
  const accepted = await cycle(stage, { acceptFirstPlan: { who: 'demo' } });
  show.line(words.written(accepted.plan, accepted.push?.settled ?? 0));
  const agreed = await compareNow(stage);
  show.mark(agreed.problems.length === 0, words.claims.compared(agreed));
  for (const problem of agreed.problems.slice(0, SAMPLES)) show.line(problem);
  const open = await showConflicts(stage);
  const beforeQuiet = await countWrites(stage);
  await cycle(stage, {});
  const afterQuiet = await countWrites(stage);
  show.line(words.again(afterQuiet.udesk - beforeQuiet.udesk, afterQuiet.crm - beforeQuiet.crm));
  return {
    firstRun: {
      before,
      after,
      linked: first.matched.linked,
      questions: first.matched.reviews,
      hash: first.firstPlan ? first.plan.hash : '',
      expected: people.expected,
    },
    accepted: { hash: accepted.plan.hash, expectedConflicts: people.expected.conflicts, openConflicts: open },
    agreed,
    quiet: { before: beforeQuiet, after: afterQuiet },
  };
}

/** As `udesk-sync sync` runs one: both sides are read in full. */
function cycle(stage: Stage, options: Partial<CycleOptions>): Promise<CycleReport> {
  const { show, runtime, pair, context } = stage;
  return show.during(pair.spec.name, (update) =>
    runCycle(runtime.engine, pair, {
      trigger: 'sync',
      observe: { udesk: 'full', crm: 'full' },
      signal: context.signal,
      progress: (text, done, total) => update(`${text} ${done}${total === null ? '' : ` / ${total}`}`),
      ...options,
    }),
  );
}

/** One of each reason first, so that a newcomer sees what kinds of writes there are. */
function sample(items: readonly PlanItem[]): PlanItem[] {
  const kinds = new Map(items.map((item) => [`${item.side} ${item.reason}`, item]));
  return [...kinds.values()].slice(0, SAMPLES);
}

function idOf(item: PlanItem): string | null {
  return item.side === 'udesk' ? item.udeskId : item.crmId;
}

async function showQuestions({ show, words, runtime, pair, place }: Stage): Promise<void> {
  const questions = await listLinks(runtime.engine.db, {
    pair: pair.spec.name,
    state: 'candidate',
    limit: 100,
  });
  show.line();
  show.line(words.questions(questions.length));
  show.table(questions.slice(0, SAMPLES), [
    { title: words.columns.question, value: ({ id }) => id },
    { title: words.columns.customers, value: ({ candidates }) => (candidates?.udesk ?? []).join(' ') },
    { title: words.columns.contacts, value: ({ candidates }) => (candidates?.crm ?? []).join(' ') },
    { title: words.columns.why, value: ({ reason }) => reason ?? '', flexible: true },
  ]);
  show.line(show.dim(`${place.cli} links list --state candidate`));
  show.line();
}

/** The conflict report. @returns how many are open */
export async function showConflicts({ show, words, runtime, pair, place }: Stage): Promise<number> {
  const open = await listConflicts(runtime.engine.db, {
    pair: pair.spec.name,
    states: ['open'],
    limit: 1000,
  });
  show.line();
  show.line(words.conflicts(open.length));
  show.table(open.slice(0, SAMPLES), [
    { title: words.columns.conflict, value: ({ id }) => id },
    { title: words.columns.customer, value: ({ udeskId }) => udeskId ?? '' },
    { title: words.columns.contact, value: ({ crmId }) => crmId ?? '' },
    { title: words.columns.field, value: ({ field }) => field },
    { title: words.columns.kind, value: ({ kind }) => kind },
    { title: 'Udesk', value: ({ udesk }) => showValue(udesk) },
    { title: 'CRM', value: ({ crm }) => showValue(crm), flexible: true },
  ]);
  if (open.length > SAMPLES) show.line(words.more(open.length - SAMPLES));
  show.line(show.dim(`${place.cli} conflicts list`));
  show.line();
  return open.length;
}
