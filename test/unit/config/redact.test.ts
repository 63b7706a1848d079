import { describe, expect, it } from 'vitest';
import { describeConfig, secretsOf } from '../../../src/config/redact.ts';
import { load, MINIMAL } from './support.ts';

const config = load(
  `${MINIMAL.replace('name }', 'name }\n      - { udesk: token, crm: external_token }').replace(
    "token: '",
    "webhook: { secret: 'hook-0123456789abcdef' }, token: '",
  )}
database: { url: 'postgres://u:p%40ss%3Aword@localhost/x' }
alerts: [ { type: webhook, url: 'https://alerts.example/T0/s3cr3t', on: [guard] } ]
`,
  { UDESK_TOKEN: 'tok&en+0123', CRM_DATABASE_URL: 'postgres://crm:pa55word@db.local:5432/crm' },
);

describe('secrets of a configuration', () => {
  it('are all found, in the forms in which they may turn up in a text', () => {
    expect(secretsOf(config)).toEqual(
      expect.arrayContaining([
        'tok&en+0123',
        'tok%26en%2B0123',
        'hook-0123456789abcdef',
        'p@ss:word',
        'pa55word',
        'postgres://crm:pa55word@db.local:5432/crm',
        'https://alerts.example/T0/s3cr3t',
      ]),
    );
  });

  it('do not include ordinary names, so that logs stay readable', () => {
    const secrets = secretsOf(config);
    for (const word of ['token', 'external_token', 'main', 'contact', 'https://demo.udesk.cn']) {
      expect(secrets).not.toContain(word);
    }
  });

  it('are absent from the description, which keeps everything else', () => {
    const text = JSON.stringify(describeConfig(config));
    for (const secret of secretsOf(config)) expect(text).not.toContain(secret);
    expect(text).not.toContain('pa55word');
    expect(text).toContain('postgres://crm:***@db.local:5432/crm');
    expect(text).toContain('external_token');
    expect(text).toContain('https://demo.udesk.cn');
  });
});
