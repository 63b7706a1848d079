/**
 * The vendor's own client at the account of the tests: what it makes, finds, archives and merges there is what the adapter
 * sees, and the other way round. So the account is held to the contract by code that we did not write.
 */
import { Client } from '@hubspot/api-client';
import { FilterOperatorEnum } from '@hubspot/api-client/lib/codegen/crm/contacts/models/Filter.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { createHubspotSide } from '../../../src/crm/hubspot/adapter.ts';
import { hubspotConfigSchema } from '../../../src/crm/hubspot/config.ts';
import {
  CONTEXT,
  elements,
  failure,
  mustRead,
  person,
  readAll,
  scalar,
  setWrite,
  texts,
} from '../../conformance/harness.ts';
import { type HubspotCrm, startHubspotCrm } from '../../support/hubspot-crm.ts';

let crm: HubspotCrm;
let side: Side;
let client: Client;
const open = () => createHubspotSide(hubspotConfigSchema.parse(crm.block), CONTEXT);

beforeEach(async () => {
  crm = await startHubspotCrm();
  client = new Client({ accessToken: crm.token, basePath: crm.origin });
  side = await open();
});
afterEach(async () => {
  await side.close();
  await crm.close();
});

const contacts = () => client.crm.contacts;
/** The error of the client: status, and the body as the client parses it. */
async function refusal(work: Promise<unknown>): Promise<{ code: number; body: Record<string, unknown> }> {
  return await work.then(
    () => {
      throw new Error('expected a refusal');
    },
    (thrown) => thrown,
  );
}

test('what the client creates and edits is read, listed, looked up and seen as changed', async () => {
  const { end } = await readAll(side.enumerate());
  const { id } = await contacts().basicApi.create({
    properties: { firstname: 'Li Lei', email: 'Li@example.com', mobilephone: '+86 138-0013-8000', note: 'n' },
    associations: [],
  });

  const record = await mustRead(side, id);
  expect(record.fields).toMatchObject({ name: 'Li Lei', note: 'n' });
  expect(texts(record, 'emails')).toEqual(['li@example.com']);
  expect((await readAll(side.enumerate())).records).toEqual([record]);
  expect(await side.lookup('email', 'LI@example.com')).toEqual([record]);
  expect(await side.lookup('cellphone', '13800138000')).toEqual([record]);

  const changed = await contacts().basicApi.update(id, { properties: { note: '', udesk_id: 'U7' } });
  expect(changed.updatedAt).toBeInstanceOf(Date);
  const seen = await readAll(side.changes(end.cursor ?? ''));
  expect(seen.records).toMatchObject([{ id, externalId: 'U7', fields: { note: null } }]);
});

test('what the adapter creates and edits is what the client gets, lists, searches and reads in batches', async () => {
  const created = await side.create({
    patch: person({ name: 'Han', emails: ['h1@example.com', 'h2@example.com'], phones: ['13900139000'] }),
    marker: 'U1',
  });
  const list = elements(created, 'emails');
  await side.update({
    id: created.id,
    current: created,
    patch: { name: scalar('Han', 'Han Meimei'), emails: setWrite(list, { add: ['h3@example.com'] }) },
  });

  const wanted = ['firstname', 'email', 'hs_additional_emails', 'mobilephone', 'udesk_id'];
  const properties = {
    firstname: 'Han Meimei',
    email: 'h1@example.com',
    hs_additional_emails: 'h2@example.com;h3@example.com',
    mobilephone: '13900139000',
    udesk_id: 'U1',
  };
  const one = await contacts().basicApi.getById(created.id, wanted, ['firstname']);
  expect(one).toMatchObject({ id: created.id, archived: false, properties });
  expect(one.propertiesWithHistory?.firstname?.map(({ value, sourceType }) => [value, sourceType])).toEqual([
    ['Han Meimei', 'INTEGRATION'],
    ['Han', 'INTEGRATION'],
  ]);
  expect((await contacts().basicApi.getPage(10, undefined, wanted)).results).toMatchObject([{ properties }]);
  const byMarker = await contacts().batchApi.read({
    inputs: [{ id: 'U1' }, { id: 'nobody' }],
    idProperty: 'udesk_id',
    properties: wanted,
    propertiesWithHistory: [],
  });
  expect(byMarker.results).toMatchObject([{ id: created.id, properties }]);
  expect(byMarker).toMatchObject({ status: 'COMPLETE', numErrors: 1 });
  const found = await contacts().searchApi.doSearch({
    filterGroups: [
      {
        filters: [
          {
            propertyName: 'hs_additional_emails',
            operator: FilterOperatorEnum.ContainsToken,
            value: 'h3@example.com',
          },
        ],
      },
    ],
    properties: wanted,
    sorts: ['lastmodifieddate'],
    limit: 10,
    after: '0',
  });
  expect(found).toMatchObject({ total: 1, results: [{ id: created.id, properties }] });
});

test('P5: an upsert of the client and a create of the adapter with one Udesk id are one contact', async () => {
  const upsert = (firstname: string, id: string) =>
    contacts().batchApi.upsert({ inputs: [{ idProperty: 'udesk_id', id, properties: { firstname } }] });
  const [first] = (await upsert('One', 'U1')).results;
  expect(first).toMatchObject({ _new: true, properties: { firstname: 'One', udesk_id: 'U1' } });
  const mine = await side.create({ patch: person({ name: 'Two' }), marker: 'U1' });
  expect(mine).toMatchObject({ id: first?.id, fields: { name: 'One' } });

  const own = await side.create({ patch: person({ name: 'Three' }), marker: 'U3' });
  expect((await upsert('Four', 'U3')).results).toMatchObject([{ id: own.id, _new: false }]);
  expect((await mustRead(side, own.id)).fields.name).toBe('Four');
  expect(crm.store.live()).toHaveLength(2);
});

test('who is archived by the one is gone for the other', async () => {
  const ids: string[] = [];
  for (const firstname of ['a', 'b', 'c'])
    ids.push((await contacts().basicApi.create({ properties: { firstname }, associations: [] })).id);
  const [a = '', b = '', c = ''] = ids;
  const { end } = await readAll(side.enumerate());

  await contacts().basicApi.archive(a);
  await contacts().batchApi.archive({ inputs: [{ id: b }] });
  expect(await side.read(a)).toBeNull();
  expect((await readAll(side.changes(end.cursor ?? ''))).deletedIds).toEqual([a, b]);
  expect(await readAll(side.enumerate())).toMatchObject({ ids: [c], deletedIds: [a, b] });

  await side.delete(c);
  expect(await refusal(contacts().basicApi.getById(c))).toMatchObject({
    code: 404,
    body: { category: 'OBJECT_NOT_FOUND' },
  });
  const archived = await contacts().basicApi.getPage(100, undefined, undefined, undefined, undefined, true);
  expect(
    archived.results.map(({ id, archived: is, archivedAt }) => [id, is, archivedAt instanceof Date]),
  ).toEqual(ids.map((id) => [id, true, true]));
});

test('P7: who is merged by the client lives on under a new id, and is no deletion', async () => {
  const make = async (firstname: string, email: string, udesk_id: string) =>
    (await contacts().basicApi.create({ properties: { firstname, email, udesk_id }, associations: [] })).id;
  const winner = await make('Winner', 'w@example.com', 'U1');
  const loser = await make('Loser', 'l@example.com', 'U2');
  const { end } = await readAll(side.enumerate());

  const merged = await contacts().basicApi.merge({ primaryObjectId: winner, objectIdToMerge: loser });

  expect([winner, loser]).not.toContain(merged.id);
  for (const old of [winner, loser]) {
    expect((await contacts().basicApi.getById(old)).id).toBe(merged.id);
    expect(await side.read(old)).toBeNull();
  }
  const all = await readAll(side.enumerate());
  expect(all).toMatchObject({ ids: [merged.id], deletedIds: [], end: { certified: true } });
  expect(all.records).toMatchObject([{ externalId: 'U1', fields: { name: 'Winner' } }]);
  expect((await readAll(side.changes(end.cursor ?? ''))).ids).toEqual([merged.id]);
  const found = await side.lookup('email', 'l@example.com');
  expect(found.map((record) => [record.id, texts(record, 'emails')])).toEqual([
    [merged.id, ['l@example.com', 'w@example.com']],
  ]);
});

test('refusals are told in the shape that the client parses', async () => {
  const { id } = await contacts().basicApi.create({
    properties: { email: 'a@example.com' },
    associations: [],
  });
  const again = contacts().basicApi.create({ properties: { email: 'A@example.com' }, associations: [] });
  expect(await refusal(again)).toMatchObject({
    code: 409,
    body: {
      category: 'CONFLICT',
      message: `Contact already exists. Existing ID: ${id}`,
      correlationId: expect.any(String),
    },
  });
  const unknown = contacts().basicApi.create({
    properties: { firstname: 'x', nonsense: '1' },
    associations: [],
  });
  expect(await refusal(unknown)).toMatchObject({
    code: 400,
    body: { category: 'VALIDATION_ERROR', errors: [{ code: 'PROPERTY_DOESNT_EXIST' }] },
  });
  const error = await failure(
    side.create({ patch: person({ name: 'B', emails: ['a@example.com'] }), marker: 'U1' }),
  );
  expect(error).toMatchObject({ kind: 'rejected', details: { code: 'duplicate' } });
  expect(error.message).toContain(`contact ${id} holds it`);
  expect(error.message).not.toContain('a@example.com');

  const deep = { filterGroups: [], properties: [], sorts: [], limit: 200, after: '9900' };
  expect(await refusal(contacts().searchApi.doSearch(deep))).toMatchObject({ code: 400 });
  expect(await refusal(contacts().searchApi.doSearch({ ...deep, limit: 201, after: '0' }))).toMatchObject({
    code: 400,
  });

  crm.faults.push({ on: 'read', kind: 'throttled' });
  expect(await refusal(contacts().basicApi.getById(id))).toMatchObject({
    code: 429,
    body: { policyName: 'TEN_SECONDLY_ROLLING' },
  });
  const stranger = new Client({ accessToken: 'somebody-else', basePath: crm.origin });
  expect(await refusal(stranger.crm.contacts.basicApi.getById(id))).toMatchObject({ code: 401 });
});

test('the other e-mails of a contact are those that the client adds and takes away', async () => {
  const { id } = await contacts().basicApi.create({
    properties: { email: 'a@example.com' },
    associations: [],
  });
  const call = (method: string, email: string) =>
    client.apiRequest({ method, path: `/contacts/v1/secondary-email/${id}/email/${email}` });
  expect(await (await call('PUT', 'b@example.com')).json()).toMatchObject({
    vid: Number(id),
    secondaryEmails: ['b@example.com'],
  });
  const record = await mustRead(side, id);
  expect(elements(record, 'emails')).toEqual([
    { id: null, value: 'a@example.com' },
    { id: null, value: 'b@example.com' },
  ]);
  const edit = setWrite(elements(record, 'emails'), {
    change: [{ id: null, from: 'b@example.com', to: 'c@example.com' }],
  });
  await side.update({ id, current: record, patch: { emails: edit } });
  const told = await client.apiRequest({ method: 'GET', path: `/contacts/v1/secondary-email/${id}` });
  expect(await told.json()).toMatchObject({ secondaryEmails: ['c@example.com'] });
  await call('DELETE', 'c@example.com');
  expect(texts(await mustRead(side, id), 'emails')).toEqual(['a@example.com']);
});

test('a missing property for the Udesk id is told with the call that makes it, and that call works', async () => {
  crm.store.properties.delete('udesk_id');
  const error = await failure(open());
  expect(error.kind).toBe('config');
  const body = JSON.parse(/POST \/crm\/v3\/properties\/contacts (\{.*\})/.exec(error.message)?.[1] ?? '');

  const made = await client.crm.properties.coreApi.create('contacts', body);

  expect(made).toMatchObject({ name: 'udesk_id', hasUniqueValue: true });
  const all = await client.crm.properties.coreApi.getAll('contacts');
  expect(all.results.map(({ name }) => name)).toContain('udesk_id');
  await (await open()).close();
});
