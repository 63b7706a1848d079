/** Worlds in which a customer's name stands in two fields of the CRM. */
import type { HubspotCrm } from '../../support/hubspot-crm.ts';
import type { WorldOptions } from '../../support/world.ts';

export const JOINED = (first: string, last: string) => `[
      { udesk: nick_name, crm: [${first}, ${last}], join: ' ', split: last },
      { udesk: emails, crm: emails, policy: union },
      { udesk: cellphones, crm: phones, policy: union }
    ]`;

/** One customer: Lei Li. */
export function joinedIn(crm: HubspotCrm): WorldOptions {
  return {
    customers: [{ nick_name: 'Lei Li', email: 'li@example.com' }],
    crmBlock: { ...crm.block, properties: {}, overlapMs: 60_000 },
    pair: { fields: JOINED('firstname', 'lastname') },
  };
}
