/**
 * Bugs that this kind of program is known for, one small patch each. `npm run mutate` puts them back one at a time and
 * shows that the tests named here turn red: a suite that stays green with such a patch proves nothing.
 */
export interface Mutation {
  readonly name: string;
  /** The promise (P…) that breaks, and where known the complaint (T…) that people made of other programs. */
  readonly breaks: string;
  /** Below the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files, of which at least one must fail. */
  readonly tests: readonly string[];
}

const ENGINE = 'test/integration/engine';
const ATTACK = 'test/integration/attack';

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'an id of an e-mail is left out',
    breaks: 'P2: Udesk deletes the address whose id is left out',
    file: 'src/core/id-merge.ts',
    find: 'if (list.length > 0) return { email, otherEmails: list };',
    replace: 'if (list.length > 0) return { email, otherEmails: list.slice(-1) };',
    tests: ['test/unit/core/id-merge.test.ts', 'test/property/core/id-merge.prop.test.ts'],
  },
  {
    name: 'a phone is deleted and added instead of edited in place',
    breaks: 'P2: its id does not survive',
    file: 'src/core/id-merge.ts',
    find: 'else result = result.map((member, i) => (i === at ? { ...member, value: to } : member));',
    replace: 'else { result = result.filter((_, i) => i !== at); result.push(asNew(to)); }',
    tests: ['test/unit/core/id-merge.test.ts', 'test/property/core/id-merge.prop.test.ts'],
  },
  {
    name: 'absence from an uncertified sweep counts',
    breaks: 'P7, T4: a partial enumeration marks live records deleted',
    file: 'src/engine/absence.ts',
    find: 'if (observed.end?.certified !== true) return { suspects: 0, deleted: 0, empty: false };',
    replace: '',
    tests: [`${ATTACK}/absence.test.ts`],
  },
  {
    name: 'absence is deletion: no point read',
    breaks: 'P7, T4: who is only missing from a list is taken for deleted',
    file: 'src/engine/absence.ts',
    find: 'if (found === null) gone.push(id);',
    replace: 'gone.push(id); if (found === null) continue;',
    tests: [`${ATTACK}/absence.test.ts`],
  },
  {
    name: 'absence is deletion: no canary',
    breaks: 'P7, T2: a side that answers "not found" to everything is believed',
    file: 'src/engine/absence.ts',
    find: 'if (canary === undefined || (await cycle.sides[side].read(canary, { signal: cycle.signal })) === null) {',
    replace: 'if (canary === undefined) {',
    tests: [`${ATTACK}/absence.test.ts`],
  },
  {
    name: 'a deletion during a sweep raises no doubt',
    breaks: 'P7, T6: a page that moved hides a customer',
    file: 'src/udesk/enumerate.ts',
    find: '} else if (total !== first.total + created) {',
    replace: '} else if (total > first.total + created) {',
    tests: ['test/unit/udesk/enumerate.test.ts', 'test/property/udesk/enumerate.prop.test.ts'],
  },
  {
    name: 'a list at its cap is called complete',
    breaks: 'P7, T4: what lies beyond 10,000 rows is taken for deleted',
    file: 'src/udesk/enumerate.ts',
    find: 'else if (Math.max(first.total, total) >= LIST_CAP) {',
    replace: 'else if (first.total < 0) {',
    tests: ['test/unit/udesk/enumerate.test.ts', 'test/property/udesk/enumerate.prop.test.ts'],
  },
  {
    name: 'the change cursor is taken after the read',
    breaks: 'P2, T6: what was committed while the rows were read is never seen',
    file: 'src/crm/postgres/observe.ts',
    find: 'select to_char(least(now(), greatest(coalesce(min(xact_start), now()), now() - ${LONGEST_WRITER}::interval))',
    replace: "select to_char(least(now() + interval '1 hour')",
    tests: ['test/conformance/postgres-arrays.conf.test.ts'],
  },
  {
    name: 'a side that shows nothing is believed',
    breaks: 'P8, T1: an empty side wipes the other side',
    file: 'src/core/guard.ts',
    find: "if (side === null) return null;\n  return {\n    guard: 'empty-side',",
    replace: "if (side !== undefined) return null;\n  return {\n    guard: 'empty-side',",
    tests: ['test/unit/core/guard.test.ts', `${ENGINE}/safety.test.ts`],
  },
  {
    name: 'deletes are not guarded',
    breaks: 'P8, T2: the guard is there and does not fire',
    file: 'src/core/guard.ts',
    find: "if (total > max) return { guard: 'deletes',",
    replace: "if (total < 0) return { guard: 'deletes',",
    tests: ['test/unit/core/guard.test.ts', `${ENGINE}/safety.test.ts`, `${ATTACK}/guards.test.ts`],
  },
  {
    name: 'any hash approves any plan',
    breaks: 'P8, T3: approving releases something that was not shown',
    file: 'src/engine/cycle.ts',
    find: 'const approved = heldWrites > 0 && (options.approve === hash || said?.hash === hash);',
    replace:
      "const approved = heldWrites > 0 && (typeof options.approve === 'string' || said?.hash === hash);",
    tests: [`${ENGINE}/safety.test.ts`, `${ATTACK}/guards.test.ts`],
  },
  {
    name: 'a stored yes releases whatever is held',
    breaks: 'P8: what a person approved in the browser is not what is released',
    file: 'src/engine/cycle.ts',
    find: '(options.approve === hash || said?.hash === hash)',
    replace: '(options.approve === hash || said !== null)',
    tests: ['test/integration/web/plans.test.ts'],
  },
  {
    name: 'another account is taken for the one that we knew',
    breaks: 'P7, P8, T1, T26: ids of another table are matched with ours',
    file: 'src/engine/observe-sides.ts',
    find: 'if (before !== null && approve !== hash) {',
    replace: 'if (before !== null && approve === undefined) {',
    tests: [`${ENGINE}/fingerprint.test.ts`, `${ATTACK}/guards.test.ts`],
  },
  {
    name: 'the first plan is carried out unseen',
    breaks: 'T15: turning the synchronisation on doubles the contacts',
    file: 'src/engine/cycle.ts',
    find: "if (spec.firstRun === 'review' && options.acceptFirstPlan !== true) {",
    replace: "if (spec.firstRun === 'review' && options.acceptFirstPlan === null) {",
    tests: [`${ENGINE}/safety.test.ts`, 'test/integration/cli/first-plan.test.ts'],
  },
  {
    name: 'the last writer wins',
    breaks: 'P2, T17: an edit of the other side is overwritten',
    file: 'src/core/policy.ts',
    find: "hold: () => undecided('both sides hold their own value, and the policy of the field is hold'),",
    replace: "hold: () => take('udesk', 'the policy of the field is hold'),",
    tests: ['test/unit/core/policy.test.ts', `${ENGINE}/converge.test.ts`],
  },
  {
    name: 'a deletion beats an edit',
    breaks: 'P2, T16: the edit of the survivor is deleted with it',
    file: 'src/core/reconcile-presence.ts',
    find: 'if (edited.length > 0 || row !== null) {',
    replace: 'if (row !== null) {',
    tests: ['test/unit/core/reconcile-presence.test.ts', `${ENGINE}/safety.test.ts`],
  },
  {
    name: 'a decision outlives the values that it was made on',
    breaks: 'P2: what a person saw is not what is overwritten',
    file: 'src/core/reconcile-presence.ts',
    find: 'if (!sameElements(row[survivor], edited)) return reopen(',
    replace: 'if (edited.length < 0) return reopen(',
    tests: ['test/unit/core/reconcile-presence.test.ts'],
  },
  {
    name: 'a field that was not returned counts as emptied',
    breaks: 'P2: a poorer answer clears fields on the other side',
    file: 'src/core/observation.ts',
    find: 'const fields: Record<string, Value> = { ...known.fields };',
    replace: 'const fields: Record<string, Value> = {};',
    tests: ['test/unit/core/observation.test.ts'],
  },
  {
    name: 'the order of a set is a change',
    breaks: 'P4, T23: records are updated though nothing changed',
    file: 'src/core/observation.ts',
    find: 'return isSet(value) ? value.map((element) => element.value).sort() : value;',
    replace: 'return isSet(value) ? value.map((element) => element.value) : value;',
    tests: ['test/unit/core/observation.test.ts', `${ENGINE}/observe.test.ts`],
  },
  {
    name: 'a shared office line links people',
    breaks: 'T25: a value that many hold makes one person of them',
    file: 'src/core/match.ts',
    find: 'return holders && Math.max(holders.udesk.size, holders.crm.size) <= this.#stopAfter;',
    replace: 'return holders && Math.max(holders.udesk.size, holders.crm.size) <= this.#stopAfter * 1000;',
    tests: ['test/unit/core/match.test.ts', 'test/property/core/match.prop.test.ts'],
  },
  {
    name: 'of several candidates the first is taken',
    breaks: 'T25: who is who is guessed',
    file: 'src/core/match.ts',
    find: "if (crmIds.length > 1) return 'one customer fits several CRM records';",
    replace: '',
    tests: ['test/unit/core/match.test.ts', 'test/property/core/match.prop.test.ts'],
  },
  {
    name: 'a process that lost its lease goes on writing',
    breaks: 'P9, T12, T22: two workers write one record',
    file: 'src/store/tx.ts',
    find: 'if (held.length === 0) {',
    replace: 'if (held.length < 0) {',
    tests: [`${ENGINE}/observe.test.ts`, 'test/integration/crash', `${ATTACK}/lease.test.ts`],
  },
  {
    name: 'the calls of a minute are forgotten too early',
    breaks: 'P10: a sliding minute holds more calls than allowed',
    file: 'src/http/quota.ts',
    find: 'const windowMs = MINUTE_MS + marginMs + usableMs;',
    replace: 'const windowMs = MINUTE_MS / 2;',
    tests: ['test/property/http/quota.prop.test.ts', 'test/unit/http/quota.test.ts'],
  },
  {
    name: 'a refused call does not slow the rate',
    breaks: 'P10: a quota that is smaller than configured is breached for ever',
    file: 'src/http/quota.ts',
    find: 'const half = Math.max(1 / perMinute, before / 2);',
    replace: 'const half = before;',
    tests: ['test/unit/http/quota.test.ts'],
  },
  {
    name: 'the urgency of a call gets lost',
    breaks: 'P10, sync design §7: a write waits behind a sweep that has used up the quota',
    file: 'src/udesk/transport.ts',
    find: 'await quota.take(call.path, call.signal, call.urgency);',
    replace: 'await quota.take(call.path, call.signal);',
    tests: ['test/integration/daemon/quota.test.ts'],
  },
  {
    name: 'a customer beyond the list that is not found counts as verified',
    breaks: 'coverage: status says that everybody is known to be right, and somebody is gone',
    file: 'src/engine/revisit.ts',
    find: 'await saveChecked(tx, pair, id, at, found !== null);',
    replace: 'await saveChecked(tx, pair, id, at, true);',
    tests: ['test/integration/engine/revisit.test.ts'],
  },
  {
    name: 'each plan of updates is judged alone',
    breaks: 'P8: many small plans do what one large plan may not',
    file: 'src/core/guard.ts',
    find: 'if (counts.updates + updatesLastHour <= share * confirmedLinks) return null;',
    replace: 'if (counts.updates <= share * confirmedLinks) return null;',
    tests: ['test/unit/core/guard.test.ts', 'test/integration/attack/guards.test.ts'],
  },
  {
    name: 'a name is a formula',
    breaks: 'security: a spreadsheet runs what a customer is called',
    file: 'src/report/csv.ts',
    find: "const harmless = FORMULA.test(text) ? `'${text}` : text;",
    replace: 'const harmless = text;',
    tests: ['test/unit/report/csv.test.ts', 'test/integration/cli/conflicts.test.ts'],
  },
  {
    name: 'a name is markup',
    breaks: 'security: a page runs what a customer is called',
    file: 'src/report/html.ts',
    find: '.replace(/[&<>"\']/g, (found) => ENTITIES[found] ?? found)',
    replace: ".replace(/&/g, '&amp;')",
    tests: ['test/unit/report/conflict-html.test.ts', 'test/integration/cli/conflicts.test.ts'],
  },
  {
    name: 'an edit travels while somebody types',
    breaks: 'T24: half-typed values travel',
    file: 'src/core/quiet.ts',
    find: 'if (since === null || decided) return true;',
    replace: 'return true;',
    tests: ['test/unit/core/quiet.test.ts', `${ENGINE}/quiet.test.ts`],
  },
  {
    name: 'an addition is lost where both sides added',
    breaks: 'P2: one half of a set merge is taken for the whole',
    file: 'src/core/set-merge.ts',
    find: 'const ownAdds = minusKeys(before, keys(base), theirKeys);',
    replace: 'const ownAdds = new Set<string>();',
    tests: [
      'test/property/core/set-merge.prop.test.ts',
      `${ATTACK}/holds.test.ts`,
      'test/unit/core/set-merge.test.ts',
    ],
  },
];
