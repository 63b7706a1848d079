/** The `salesforce` adapter over a server that speaks the documented contract, and a person who works in that org. */
import { createSalesforceSide } from '../../src/crm/salesforce/adapter.ts';
import { salesforceConfigSchema } from '../../src/crm/salesforce/config.ts';
import { DEFAULT_RETRY } from '../../src/http/retry.ts';
import { nameOf, OTHER_USER, trimmed } from '../support/salesforce/org.ts';
import { startSalesforce } from '../support/salesforce/server.ts';
import type { SfRow } from '../support/salesforce/soql.ts';
import { CONTEXT, type Harness, type Person, REFUSED } from './harness.ts';

const EMAILS = ['Address_1__c', 'Address_2__c', 'Address_3__c'];
const PHONES = ['MobilePhone', 'Phone'];
const MAX_ADDRESS = 255;

function values({ name, note, emails, phones }: Person): SfRow {
  const slots = (fields: readonly string[], given: readonly string[] | undefined) =>
    given === undefined ? [] : fields.map((field, at) => [field, given[at] ?? null] as const);
  return {
    ...(name === undefined ? {} : { FirstName: name }),
    ...(note === undefined ? {} : { Description: note }),
    ...Object.fromEntries([...slots(EMAILS, emails), ...slots(PHONES, phones)]),
  };
}

/** @param bulkAbove from so many records on a full reading is a bulk job */
export function salesforceHarness(bulkAbove = 1_000_000): () => Promise<Harness> {
  return async () => {
    const crm = await startSalesforce();
    const { org } = crm;
    org.backdateMs = 3_000;
    const config = salesforceConfigSchema.parse({
      ...crm.block,
      // What the suite holds against a contact: a name that may be missing, and addresses that are none.
      fields: { name: 'FirstName', note: 'Description', emails: EMAILS, phones: PHONES },
      onCreate: { LastName: 'Person' },
      bulkAbove,
      limits: { perMinute: 1_000_000 },
    });
    const side = await createSalesforceSide(config, CONTEXT, {
      // A fault must be seen, and not be healed by a second try.
      retry: { ...DEFAULT_RETRY, retries: 0 },
      sleep: async (ms) => org.advance(ms),
      pageRecords: 500,
    });
    const person = { user: OTHER_USER };
    return {
      side,
      refusesNul: false,
      person: { id: OTHER_USER, name: nameOf(OTHER_USER) },
      keeps: (field, text) => (field === 'emails' && text.length > MAX_ADDRESS ? REFUSED : trimmed(text)),
      insert: async (given, externalId) => {
        const id = externalId === undefined ? {} : { Udesk_Id__c: externalId };
        return String(org.insert('Contact', { LastName: 'Person', ...values(given), ...id }, person).Id);
      },
      insertMany: async (count) =>
        org
          .plant('Contact', { LastName: 'Person', FirstName: 'planted' }, count)
          .map((row) => String(row.Id)),
      edit: async (id, given) => void org.update('Contact', id, values(given), person),
      remove: async (id) => org.remove('Contact', id, person),
      stamp: async (id) => `${org.find('Contact', id)?.SystemModstamp}/${org.writes}`,
      count: async () => org.live('Contact').length,
      editLate: async (id, given) => {
        const commit = org.updateLate('Contact', id, values(given), person);
        return async () => void commit();
      },
      breakNextWrite: (when) => {
        crm.faults.push({ on: 'write', kind: when === 'before-commit' ? 'unavailable' : 'cut-after' });
      },
      async close() {
        await side.close();
        await crm.close();
      },
    };
  };
}
