// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration, not of JavaScript
/** Keeps docs/mapping.md true: its examples load, and it names every rule and each of its choices. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ruleKeys } from '../../../src/config/field-rules.ts';
import { toFieldSpec } from '../../../src/config/pair-spec.ts';
import { PHONE_FORMS } from '../../../src/core/mapping/phone.ts';
import { load, MINIMAL } from '../config/support.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/mapping.md', import.meta.url)), 'utf8');
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');

describe('docs/mapping.md', () => {
  test.each(examples.map((example, at) => [at + 1, example] as const))('example %i loads', (_, example) => {
    const yaml = MINIMAL.replace(/ {4}fields:[\s\S]*/, example.replace(/^(?=.)/gm, '    '));
    const fields = load(yaml).pairs[0]?.fields ?? [];
    expect(fields.length).toBeGreaterThan(4);
    const kinds = fields
      .map(toFieldSpec)
      .flatMap(({ lenses = [], map }) => [
        ...lenses.map(({ kind }) => kind),
        ...(map === null ? [] : ['map']),
      ]);
    expect(kinds.length).toBeGreaterThan(3);
  });

  test('it has two examples, and names every rule', () => {
    expect(examples).toHaveLength(2);
    for (const word of [...Object.keys(ruleKeys), 'map', ...PHONE_FORMS]) expect(page).toContain(`\`${word}`);
  });
});
