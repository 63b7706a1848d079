import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { createFieldBook } from '../../../src/cli/field-book.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import type { CustomFieldMeta } from '../../../src/udesk/custom-fields.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
afterEach(() => world.close());

const definition = (labels: readonly string[]): CustomFieldMeta => ({
  name: 'SelectField_1',
  label: 'Source',
  contentType: 'droplist',
  required: null,
  options: labels.map((label, at) => ({ value: String(at), label })),
  id: null,
  comment: null,
  updatedAt: null,
});

test('a daemon that runs notices moved options within a minute, and tells each of them once', async () => {
  world = await createWorld({ pair: { fields: '[{ udesk: nick_name, crm: name }]' } });
  const text = world.configText.replace('nick_name, crm: name', 'custom.SelectField_1, crm: phones');
  const [pair] = loadConfig({ env: {}, readFile: () => text, adapters: crmAdapters }).pairs;
  if (pair === undefined) throw new Error('no pair');
  const lines: string[] = [];
  let now = Date.UTC(2025, 0, 1);
  let calls = 0;
  let labels = ['A', 'B'];
  const book = createFieldBook({
    pair,
    client: {
      async customFields() {
        calls += 1;
        return { items: [definition(labels)], dropped: [], generation: 'first' };
      },
    },
    db: world.database.db,
    log: pino({ level: 'warn' }, { write: (line: string) => lines.push(line) }),
    clock: () => now,
  });
  const labelOf = async () => (await book.current())['custom.SelectField_1']?.options[0]?.label;
  expect([await labelOf(), await labelOf(), calls]).toEqual(['A', 'A', 1]);
  labels = ['B', 'A'];
  now += 61_000;
  expect([await labelOf(), calls]).toEqual(['B', 2]);
  expect((await book.current())['custom.SelectField_1']?.pinned[0]?.label).toBe('A');
  now += 61_000;
  await book.current();
  book.drifted('custom.SelectField_1', '0');
  book.drifted('custom.SelectField_1', '0');
  const kinds = lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
  expect(kinds).toEqual(['option-moved', 'option-moved', 'option-drift']);
});
