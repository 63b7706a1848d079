/** What people complain of in other programs (docs/complaints.md), where no other patch here brings it back. */
import type { Mutation } from './mutations.ts';

const ENGINE = 'test/integration/engine';

export const COMPLAINTS: readonly Mutation[] = [
  {
    name: 'no deletion is ever proven',
    breaks: 'T5: deletes never arrive',
    file: 'src/engine/absence.ts',
    find: 'if (observed.end?.certified !== true) return NOBODY;',
    replace: 'if (observed.end?.certified !== undefined) return NOBODY;',
    tests: ['test/integration/observe/deletes-during-sweep.test.ts', `${ENGINE}/safety.test.ts`],
  },
  {
    name: 'a call that was under way when the process died counts as not made',
    breaks: 'P5, P9, T11: the id of what it created is lost, and it is created again',
    file: 'src/store/intents.ts',
    find: "set state = 'unknown', error = 'the process ended while the write was under way'",
    replace: "set state = 'pending', error = 'the process ended while the write was under way'",
    tests: ['test/simulation/found.sim.test.ts'],
  },
  {
    name: 'what was just created is looked for at once',
    breaks: 'P5, T13: a search does not show it yet, and it is created again',
    file: 'src/engine/recover.ts',
    find: 'if (lookupLagMs > 0) await cycle.sleep(lookupLagMs, cycle.signal);',
    replace: '',
    tests: [`${ENGINE}/uncertain-create.test.ts`],
  },
  {
    name: 'a record that a side refuses ends the cycle',
    breaks: 'T18: one bad record stops the whole collection',
    file: 'src/engine/send.ts',
    find: "if (isSyncError(error, 'rejected') || isSyncError(error, 'contract')) {",
    replace: "if (isSyncError(error, 'contract')) {",
    tests: [`${ENGINE}/safety.test.ts`],
  },
  {
    name: 'two sides that nobody edited count as equal',
    breaks: 'P6, T19: the state says in sync, and the contents differ',
    file: 'src/core/decision-table.ts',
    find: "differs: 'diverged'",
    replace: "differs: 'nothing'",
    tests: ['test/unit/core/reconcile.test.ts'],
  },
  {
    name: 'a daemon that does nothing says nothing',
    breaks: 'T20: it stopped, and nobody knew',
    file: 'src/daemon/alert-conditions.ts',
    find: "uptimeMs > limits.cycleMs ? 'on' : 'unknown'",
    replace: "'unknown'",
    tests: ['test/unit/daemon/alerts.test.ts'],
  },
  {
    name: 'an undo goes back beyond what somebody else wrote',
    breaks: 'P2, T21: the way back takes edits of people with it',
    file: 'src/core/undo.ts',
    find: 'if (!equalValues(spec, write.result, value, region)) break;',
    replace: '',
    tests: ['test/unit/core/reconcile-revert.test.ts', 'test/property/core/revert.prop.test.ts'],
  },
  {
    name: 'an undo restores what was edited since',
    breaks: 'P2, T21: the way back writes over edits of people',
    file: 'src/core/undo.ts',
    find: "kind: ours ? 'restore' : 'edited'",
    replace: "kind: 'restore'",
    tests: ['test/unit/core/reconcile-revert.test.ts', 'test/property/core/revert.prop.test.ts'],
  },
  {
    name: 'a database that went back is believed',
    breaks: 'P2, P5, P8, T26: old bases undo what was written since, and create people twice',
    file: 'src/engine/restored.ts',
    find: 'if (known.home === home) return known;',
    replace: 'if (home !== null) return known;',
    tests: ['test/integration/restore/restore.test.ts'],
  },
];
