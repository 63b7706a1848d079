/** The `hubspot` adapter over an account of the documented contract, and a person who works in it beside us. */
import { createHubspotSide } from '../../src/crm/hubspot/adapter.ts';
import { hubspotConfigSchema } from '../../src/crm/hubspot/config.ts';
import { DEFAULT_RETRY } from '../../src/http/retry.ts';
import { startHubspotCrm } from '../support/hubspot-crm.ts';
import type { Contact } from '../support/hubspot-store.ts';
import { CONTEXT, type Harness, type Person, REFUSED } from './harness.ts';

export async function hubspotHarness(): Promise<Harness> {
  const crm = await startHubspotCrm();
  const { store } = crm;
  // A fault must be seen, and not be healed by a second try.
  const side = await createHubspotSide(hubspotConfigSchema.parse(crm.block), CONTEXT, {
    retry: { ...DEFAULT_RETRY, retries: 0 },
  });
  const of = (id: string): Contact => {
    const contact = store.all.get(id);
    if (contact === undefined) throw new Error(`nobody has the id ${id}`);
    return contact;
  };
  const edit = (contact: Contact, { name, note, emails, phones }: Person): void => {
    if (emails !== undefined) store.setEmails(contact, emails);
    store.edit(contact, {
      ...(name === undefined ? {} : { firstname: name ?? '' }),
      ...(note === undefined ? {} : { note: note ?? '' }),
      ...(phones === undefined ? {} : { mobilephone: phones[0] ?? '', phone: phones[1] ?? '' }),
    });
  };
  const insert = (person: Person, externalId?: string): string => {
    const contact = store.insert(externalId === undefined ? {} : { udesk_id: externalId });
    edit(contact, person);
    return contact.id;
  };
  return {
    side,
    refusesNul: true,
    uniqueEmails: true,
    // A blank property is blank, however it became so; an e-mail must look like one.
    keeps: (field, text) => (field === 'emails' ? REFUSED : text === '' ? null : text),
    insert: async (person, externalId) => insert(person, externalId),
    insertMany: async (count) => Array.from({ length: count }, (_, at) => insert({ name: `person ${at}` })),
    edit: async (id, person) => edit(of(id), person),
    remove: async (id) => store.archive(of(id)),
    stamp: async (id) => `${of(id).writes}/${store.writes}`,
    count: async () => store.live().length,
    breakNextWrite: (when) => {
      crm.faults.push({ on: 'write', kind: when === 'before-commit' ? 'unavailable' : 'cut-after' });
    },
    async close() {
      await side.close();
      await crm.close();
    },
  };
}
