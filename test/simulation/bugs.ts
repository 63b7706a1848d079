/** Known bugs that the simulation must find: those of `npm run mutate` that it can reach, and some that only it does. */
import { MUTATIONS, type Mutation } from '../mutation/mutations.ts';

type Bug = Omit<Mutation, 'tests'>;

const SHARED = [
  'no verify before a write',
  'no witness after a write',
  'the base is what was sent',
  'a write whose answer was lost is sent again',
  'an id of an e-mail is left out',
  'absence is deletion: no point read',
  'absence is deletion: no canary',
  'deletes are not guarded',
  'creates are not guarded',
  'any hash approves any plan',
  'a deletion beats an edit',
  'a decision outlives the values that it was made on',
  'a field that was not returned counts as emptied',
  'an addition is lost where both sides added',
  'the calls of a minute are forgotten too early',
  'a process that lost its lease goes on writing',
];

const OWN: readonly Bug[] = [
  {
    name: 'a write that was under way in a kill is sent again',
    breaks: 'P5, P9: it is done twice',
    file: 'src/store/intents.ts',
    find: "set state = 'unknown', error = 'the process ended while the write was under way'",
    replace: "set state = 'pending', error = 'the process ended while the write was under way'",
  },
  {
    name: 'the change cursor does not reach back',
    breaks: 'P2: what was committed late is never told',
    file: 'src/crm/memory/memory.ts',
    find: 'Number(cursor) - manifest.changeCursor.overlapMs',
    replace: 'Number(cursor)',
  },
  {
    name: 'the change cursor is stored before what it stands for',
    breaks: 'P2, P9: a kill in between loses edits until everything is read again',
    file: 'src/engine/observe-sides.ts',
    find: "const observed = await observePages(cycle, side, 'changes', pages);",
    replace:
      "await fenced(cycle.db, cycle.fence, (tx) => saveCrmCursor(tx, cycle.spec.name, String(cycle.clock().getTime()), cycle.clock())); const observed = await observePages(cycle, side, 'changes', pages);",
  },
  {
    name: 'the changes end after two records',
    breaks: 'P2: the others are never told',
    file: 'src/crm/memory/memory.ts',
    find: 'const reached = rows.slice(0, cap);',
    replace: 'const reached = rows.slice(0, since === null ? cap : 2);',
  },
  {
    name: 'a reading of everything moves the change cursor',
    breaks: 'P2: the edits before it that it left out are never told',
    file: 'src/engine/observe-sides.ts',
    find: 'const cursor = position === null ? (observed.end?.cursor ?? null) : null;',
    replace: 'const cursor = observed.end?.cursor ?? null;',
  },
  {
    name: 'a create that a person is asked about is planned again',
    breaks: 'P5: it is sent a second time',
    file: 'src/store/intents.ts',
    find: "sql`p.kind = 'uncertain-create' and (p.state = 'parked' or p.state = 'dropped' and exists (",
    replace: "sql`p.kind = 'nothing' and (p.state = 'parked' or p.state = 'dropped' and exists (",
  },
];

/** @throws Error when a name is not one of the known bugs */
export const BUGS: readonly Bug[] = [
  ...SHARED.map((name) => {
    const found = MUTATIONS.find((mutation) => mutation.name === name);
    if (found === undefined) throw new Error(`no known bug is called "${name}"`);
    return found;
  }),
  ...OWN,
];
