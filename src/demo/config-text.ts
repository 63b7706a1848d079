/** The config file of the demo: a real one, so that every command of udesk-sync works on the demo while it runs. */
import type { Simulator } from '../simulator/simulator.ts';

export interface ConfigFacts {
  /** A line under `database`: its url, or its dataDir. */
  readonly database: string;
  readonly crmUrl: string;
  readonly simulator: Pick<Simulator, 'url' | 'admin'>;
  readonly perMinute: number;
  /** Of the pages. */
  readonly locale: 'zh-CN' | 'en';
}

export function configText({ database, crmUrl, simulator, perMinute, locale }: ConfigFacts): string {
  return `# Written by \`npm run demo\`, and good as long as that demo runs. Yours starts with \`npx udesk-sync init\`.
database:
  ${database}
http:
  port: 0
locale: ${locale}
pairs:
  - name: demo
    udesk:
      baseUrl: ${simulator.url}
      email: ${simulator.admin.email}
      token: ${simulator.admin.token}
      quota: { perMinute: ${perMinute} }
    crm:
      adapter: postgres
      url: ${crmUrl}
      table: contact
      externalId: udesk_id
      updatedAt: updated_at
      version: row_version
    fields:
      - { udesk: nick_name, crm: name }
      - { udesk: emails, crm: emails, policy: union }
      - { udesk: cellphones, crm: phones, policy: union }
      - { udesk: level, crm: tier, direction: to-crm, map: { vip: gold, normal: standard } }
      - { udesk: custom.TextField_2, crm: industry, policy: crm }
      - { udesk: description, crm: note }
    schedule:
      sweep: '*/2 * * * * *'
      crm: '* * * * * *'
      audit: '*/30 * * * * *'
`;
}
