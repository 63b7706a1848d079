import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';

const PAIR = `pairs:
  - name: main
    udesk: { baseUrl: https://demo.udesk.cn, email: a@example.com, token: t }
    crm: { adapter: postgres, url: 'postgres://localhost/crm', table: contact, emails: { column: emails } }
    fields: [{ udesk: emails, crm: emails, policy: union }]
`;

function problems(more: string): string {
  try {
    loadConfig({ env: {}, readFile: () => PAIR + more, adapters: crmAdapters });
    return '';
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : '';
  }
}

test('a report that goes nowhere, twice, or to no pair is told, with all the rest at once', () => {
  const text = problems(`reports:
  - { every: week, at: '7:00' }
  - { every: day }
  - { every: day, directory: x, pairs: [other] }
`);
  for (const shown of [
    "must be a time of day such as '09:00'",
    'goes nowhere',
    'is the period of reports[1] too',
    'there is no "other"',
  ])
    expect(text).toContain(shown);
});

test('an alert that wants reports needs one, and one with a report is sound', () => {
  const alert = `alerts: [{ type: webhook, url: 'https://a.example', on: [report] }]\n`;
  expect(problems(alert)).toContain('no report is made');
  expect(problems(`${alert}reports: [{ every: month }]\n`)).toBe('');
});
