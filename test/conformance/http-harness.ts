/** The `http` adapter over a CRM server, and a person who works in that CRM beside it. */
import { createHttpSide } from '../../src/crm/http/adapter.ts';
import { httpConfigSchema } from '../../src/crm/http/config.ts';
import { DEFAULT_RETRY } from '../../src/http/retry.ts';
import { CRM_PERSON, type CrmPeople, type CrmPerson, type CrmServer } from '../support/crm-server.ts';
import { startEnvelopeCrm } from '../support/envelope-crm.ts';
import { startRestCrm } from '../support/rest-crm.ts';
import { CONTEXT, type Harness } from './harness.ts';

interface Crm extends CrmServer {
  readonly people: CrmPeople;
  readonly block: Readonly<Record<string, unknown>>;
}

export interface Dialect {
  start(): Promise<Crm>;
  toId(person: CrmPerson): string;
  remove(people: CrmPeople, person: CrmPerson): void;
  /** How much it tells of who edited. */
  readonly person: NonNullable<Harness['person']>;
}

/** Offsets, ETags, records that really go. */
export const REST: Dialect = {
  start: startRestCrm,
  toId: ({ id }) => String(id),
  remove: (people, person) => people.remove(person),
  person: { id: String(CRM_PERSON.id), name: CRM_PERSON.name },
};

/** Envelopes with codes, a cursor, records that are archived. */
export const ENVELOPE: Dialect = {
  start: startEnvelopeCrm,
  toId: ({ id }) => `C${id}`,
  remove: (people, person) => {
    person.archived = true;
    people.touch(person);
  },
  person: { id: null, name: CRM_PERSON.name },
};

export async function httpHarness(dialect: Dialect): Promise<Harness> {
  const crm = await dialect.start();
  const { people } = crm;
  // A fault must be seen, and not be healed by a second try.
  const side = createHttpSide(httpConfigSchema.parse(crm.block), CONTEXT, {
    retry: { ...DEFAULT_RETRY, retries: 0 },
  });
  const of = (id: string): CrmPerson => {
    const person = people.all.find((one) => dialect.toId(one) === id);
    if (person === undefined) throw new Error(`nobody has the id ${id}`);
    return person;
  };
  return {
    side,
    refusesNul: false,
    person: dialect.person,
    insert: async (person, externalId) => dialect.toId(people.insert(person, externalId ?? null)),
    insertMany: async (count) =>
      Array.from({ length: count }, (_, at) => dialect.toId(people.insert({ name: `person ${at}` }))),
    edit: async (id, person) => people.edit(of(id), person),
    remove: async (id) => dialect.remove(people, of(id)),
    stamp: async (id) => `${of(id).version}/${people.writes}`,
    count: async () => people.live().length,
    breakNextWrite: (when) => {
      crm.faults.push({ on: 'write', kind: when === 'before-commit' ? 'unavailable' : 'cut-after' });
    },
    throttleNext: (on) => {
      crm.faults.push({ on, kind: 'throttled' });
    },
    async close() {
      await side.close();
      await crm.close();
    },
  };
}
