/** By whom a held write was caused, where a person or a rule chose it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SampledWrite } from '../../../src/core/plan-sample.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { formats, translator } from '../../../src/web/i18n/words.ts';
import { causeText } from '../../../src/web/plans/cause.ts';
import { openWeb, type RunningWeb } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
beforeEach(async () => {
  world = await createWorld({
    customers: [{ nick_name: 'A', email: 'a@example.com' }],
    people: [{ name: 'B', emails: ['a@example.com'] }],
  });
  await world.sync();
  web = await openWeb(world);
  const [conflict] = await world.conflicts();
  const conflictId = conflict?.id ?? '';
  const at = new Date('2026-11-26T01:00:00Z');
  await decideConflict(world.database.db, { conflictId, who: 'ann', take: 'crm', value: null, at });
});
afterEach(async () => {
  await web.close();
  await world.close();
});

function cause(reason: 'decision' | 'propagate', locale: 'en' | 'zh-CN' = 'en'): Promise<string> {
  const write: SampledWrite = {
    ...{ guardClass: 'overwrite', side: 'udesk', op: 'update', crmId: '1' },
    udeskId: world.simulator.tenant.list()[0]?.id ?? '',
    fields: [{ field: 'nick_name', before: 'A', after: 'B', reason }],
  };
  const visit = { services: web.services, t: translator(locale), format: formats(locale, 'UTC') };
  return causeText(visit as Parameters<typeof causeText>[0], 'main', write);
}

test('a write that a person decided names the person, in both languages', async () => {
  expect(await cause('decision')).toMatch(/^Decided by ann, Nov 26, 2026/);
  expect(await cause('decision', 'zh-CN')).toMatch(/^原因：ann 于 .* 作出决定。$/);
});

test('a write that a rule decided names the rule, and who turned it on', async () => {
  await ourRows(world, `update udesk_sync.decision set who = 'rule:7 for bob' returning id`);
  expect(await cause('decision')).toMatch(/^Decided by rule 7, turned on by bob, Nov 26, 2026/);
});
