/**
 * Similar conflicts, and the rules that people turned on for them. A program turns one off and none on: who says that past
 * decisions are a rule is a person, in the pages or on the command line.
 */
import { z } from 'zod';
import { CONFLICT_KINDS } from '../../../core/link.ts';
import { RULE_TAKES } from '../../../core/review-rule.ts';
import { patternParam } from '../../conflicts/query.ts';
import { Refusal } from '../../refusal.ts';
import {
  findRule,
  GROUPS_PER_PAGE,
  listAllRules,
  loadGroup,
  loadSimilar,
  turnRuleOff,
} from '../../similar/service.ts';
import { id, time } from '../contract.ts';
import { endpoint, idOf } from '../endpoint.ts';

const count = z.int().min(0);
const group = z.object({
  pair: z.string(),
  field: z.string().describe('Udesk name; * for whole records'),
  kind: z.enum(CONFLICT_KINDS),
  pattern: patternParam.describe(
    'What kind of difference: version, who edited in Udesk, shape, which edit is later',
  ),
});
const proposal = z
  .object({
    kind: z
      .enum(['proposed', 'divided', 'erases', 'few', 'never'])
      .describe('Only what is proposed can be turned on'),
    take: z.enum(RULE_TAKES).optional(),
    agrees: count.optional().describe('Of `total` past decisions of people so many took the same'),
    total: count,
  })
  .describe(
    'What past decisions come to. Those that were taken back or undone, and those of rules and programs, do not count',
  );

export const rule = group.extend({
  id,
  take: z.enum(RULE_TAKES),
  agrees: count.describe('What whoever turned it on was shown'),
  total: count,
  fromConflictId: z
    .string()
    .describe('It decides conflicts from this id on; 0: those that were open then, too'),
  onBy: z.string(),
  onAt: time,
  offBy: z.string().nullable(),
  offAt: time.nullable().describe('Null: it is on'),
  offReason: z.enum(['person', 'undone', 'mapping-changed', 'restored']).nullable(),
  decided: count,
  undone: count.describe('Of these, people took so many back or undid what they wrote'),
});

export const similarList = z.object({
  groups: z.array(
    group.extend({
      open: count,
      examples: z.array(id),
      proposal,
      ruleId: id.nullable().describe('The rule that is on'),
    }),
  ),
  total: count.describe('Of all pages'),
  unclassified: count.describe('Open conflicts that the next cycles put into groups'),
  next: count.nullable().describe('Give it as `from`'),
});
export const similarGroup = group.extend({
  open: count,
  examples: z.array(id),
  proposal,
  ruleId: id.nullable().describe('The rule that is on'),
  against: z
    .array(z.object({ conflictId: id, who: z.string(), take: z.string(), at: time }))
    .describe('Past decisions of people that the rule would have made otherwise, newest first'),
});
export const ruleList = z.object({ rules: z.array(rule) });

export const similarEndpoints = [
  endpoint('GET /similar', {
    operationId: 'listSimilar',
    summary: 'Open conflicts by what kind of difference they are, the largest groups first',
    query: z.object({ from: z.coerce.number().int().min(0).max(1_000_000).default(0) }),
    answer: similarList,
    async handle(visit, { query: { from } }) {
      const page = await loadSimilar(visit, from);
      const end = from + page.groups.length;
      return {
        groups: page.groups.map((shown) => ({
          ...shown.group,
          proposal: shown.proposal,
          ruleId: shown.rule?.id ?? null,
        })),
        total: page.total,
        unclassified: page.unclassified,
        next: page.groups.length === GROUPS_PER_PAGE && end < page.total ? end : null,
      };
    },
  }),
  endpoint('GET /similar/group', {
    operationId: 'getSimilar',
    summary: 'One group, and the past decisions that speak against a rule for it',
    query: group,
    answer: similarGroup,
    async handle(visit, { query }) {
      const { group: found, proposal: said, rule: on, against } = await loadGroup(visit, query);
      return { ...found, proposal: said, ruleId: on?.id ?? null, against };
    },
  }),
  endpoint('GET /rules', {
    operationId: 'listRules',
    summary: 'Rules that decide similar conflicts: those that are on, then those that are off',
    answer: ruleList,
    handle: async (visit) => ({ rules: await listAllRules(visit) }),
  }),
  endpoint('GET /rules/:id', {
    operationId: 'getRule',
    summary: 'One rule',
    answer: rule,
    handle: (visit) => findRule(visit, idOf(visit)),
  }),
  endpoint('POST /rules/:id/off', {
    operationId: 'turnRuleOff',
    summary: 'It decides nothing any more; what it decided stands',
    answer: rule,
    async handle(visit) {
      const wasOn = await turnRuleOff(visit, idOf(visit));
      if (!wasOn) throw new Refusal('rule-late');
      return await findRule(visit, idOf(visit));
    },
  }),
];
