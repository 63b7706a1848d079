/**
 * The server of the tests, held to the contract by code that we did not write: jsforce, the SDK of the vendor's community.
 * Whatever one side of the pair does here, the other one sees: jsforce writes and the adapter reads, and the other way round.
 */
import { Connection, OAuth2 } from 'jsforce';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { createSalesforceSide } from '../../../src/crm/salesforce/adapter.ts';
import { salesforceConfigSchema } from '../../../src/crm/salesforce/config.ts';
import { CONTEXT, mustRead, person, readAll, scalar, texts } from '../../conformance/harness.ts';
import { API_USER, ORG_ID } from '../../support/salesforce/org.ts';
import {
  type SalesforceCrm,
  SF_CLIENT,
  SF_VERSION,
  startSalesforce,
} from '../../support/salesforce/server.ts';

let crm: SalesforceCrm;
let jsforce: Connection;
let side: Side;

beforeEach(async () => {
  crm = await startSalesforce();
  crm.org.hurry = true;
  jsforce = new Connection({ oauth2: oauth(), version: SF_VERSION });
  await jsforce.authorize({ grant_type: 'client_credentials' });
  side = await createSalesforceSide(salesforceConfigSchema.parse(crm.block), CONTEXT, {
    sleep: async (ms) => crm.org.advance(ms),
    pageRecords: 100,
  });
});
afterEach(async () => {
  await side.close();
  await crm.close();
});

function oauth(): OAuth2 {
  return new OAuth2({ loginUrl: crm.origin, clientId: SF_CLIENT.id, clientSecret: SF_CLIENT.secret });
}

/** The code by which jsforce tells a refusal. */
async function refusal(work: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return (error as { errorCode?: string } | null)?.errorCode;
}

describe('the session', () => {
  test('is opened by client credentials, and says whose it is', async () => {
    expect(jsforce.userInfo).toMatchObject({ id: API_USER, organizationId: ORG_ID });
    expect(await jsforce.identity()).toMatchObject({ user_id: API_USER, organization_id: ORG_ID });
    expect(jsforce.limitInfo.apiUsage).toBeUndefined();
    await jsforce.query('SELECT Id FROM Contact');
    expect(jsforce.limitInfo.apiUsage).toEqual({ used: crm.usage.used, limit: crm.usage.limit });
  });

  test('that ends is renewed by both, once each, without a write done twice', async () => {
    jsforce = new Connection({
      oauth2: oauth(),
      version: SF_VERSION,
      instanceUrl: crm.origin,
      accessToken: 'an old one',
      refreshToken: 'r3fresh-token',
    });
    const before = crm.tokens;
    const made = await jsforce.sobject('Contact').create({ LastName: 'Li Lei' });
    expect(made.success).toBe(true);
    expect(crm.tokens).toBe(before + 1);
    crm.endTokens();
    const current = await mustRead(side, made.id ?? '');
    crm.endTokens();
    await side.update({ id: current.id, current, patch: { name: scalar('Li Lei', 'Li Lei 2') } });
    expect(crm.tokens).toBe(before + 3);
    expect(crm.org.live('Contact')).toHaveLength(1);
  });
});

describe('what jsforce writes, the adapter sees', () => {
  test('creates, updates and deletes, one by one', async () => {
    const { cursor } = (await readAll(side.enumerate())).end;
    const contact = jsforce.sobject('Contact');
    const made = await contact.create({
      LastName: "O'Neil 王",
      Email: 'A@example.com',
      MobilePhone: '+86 138-0013-8000',
      Description: 'one\ntwo',
      Udesk_Id__c: 'u1',
    });
    const id = made.id ?? '';
    const record = await mustRead(side, id);
    expect(record.fields).toMatchObject({ name: "O'Neil 王", note: 'one\ntwo' });
    expect(record.externalId).toBe('u1');
    expect((await side.lookup('cellphone', '13800138000')).map((one) => one.id)).toEqual([id]);

    await contact.update({ Id: id, Phone: '010 1234 5678', Description: null });
    expect(texts(await mustRead(side, id), 'phones')).toEqual(['+86 138-0013-8000', '010 1234 5678']);
    expect((await readAll(side.changes(cursor ?? ''))).ids).toEqual([id]);

    await contact.destroy(id);
    expect(await side.read(id)).toBeNull();
    const after = await readAll(side.changes(cursor ?? ''));
    expect(after.ids).toEqual([]);
    expect(after.deletedIds).toEqual([id]);
    expect(await refusal(contact.destroy(id))).toBe('ENTITY_IS_DELETED');
    expect(await refusal(contact.retrieve(id))).toBe('NOT_FOUND');
  });

  test('collections of up to 200, row by row, and more than 200 not at all', async () => {
    const contact = jsforce.sobject('Contact');
    const rows = Array.from({ length: 200 }, (_, at) => ({ LastName: `L${at}`, Udesk_Id__c: `u${at}` }));
    const results = await contact.create(rows);
    expect(results.every(({ success }) => success)).toBe(true);
    expect((await readAll(side.enumerate())).ids).toHaveLength(200);
    expect(await refusal(contact.create([...rows, { LastName: 'one more' }]))).toBe('EXCEEDED_ID_LIMIT');

    // allOrNone: false: the good rows are kept, the bad ones say why, in the order of the request.
    const [first, second, third] = await contact.update([
      { Id: results[0]?.id ?? '', Description: 'edited' },
      { Id: results[1]?.id ?? '', Email: 'no address' },
      { Id: results[2]?.id ?? '', Udesk_Id__c: 'u3' },
    ]);
    expect(first).toMatchObject({ success: true });
    expect(second?.errors).toMatchObject([{ statusCode: 'INVALID_EMAIL_ADDRESS', fields: ['Email'] }]);
    expect(third?.errors).toMatchObject([{ statusCode: 'DUPLICATE_VALUE' }]);
    expect((await mustRead(side, results[0]?.id ?? '')).fields.note).toBe('edited');
  });

  test('upserts by external id: new, known, several', async () => {
    const contact = jsforce.sobject('Contact');
    const made = await contact.upsert({ Udesk_Id__c: 'u1', LastName: 'Li Lei' }, 'Udesk_Id__c');
    expect(made).toMatchObject({ created: true, success: true });
    const known = await contact.upsert({ Udesk_Id__c: 'u1', LastName: 'Li Lei 2' }, 'Udesk_Id__c');
    expect(known).toMatchObject({ created: false, id: made.id });
    expect((await mustRead(side, made.id ?? '')).fields.name).toBe('Li Lei 2');

    const many = await contact.upsert(
      [
        { Udesk_Id__c: 'u1', LastName: 'Li Lei 3' },
        { Udesk_Id__c: 'u2', LastName: 'Han' },
        { Udesk_Id__c: 'u3', Email: 'h@example.com' },
      ],
      'Udesk_Id__c',
    );
    expect(many).toMatchObject([
      { success: true, created: false },
      { success: true, created: true },
      { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING' }] },
    ]);

    for (const LastName of ['A', 'B']) await contact.create({ LastName, Loose_Id__c: 'x' });
    expect(await refusal(contact.upsert({ Loose_Id__c: 'x', LastName: 'C' }, 'Loose_Id__c'))).toBe(
      'MULTIPLE_CHOICES',
    );
  });
});

describe('what the adapter writes, jsforce sees', () => {
  test('a create with its marker, an update of one field, a delete in the Recycle Bin', async () => {
    const patch = person({ name: '李雷', emails: ['a@example.com'], phones: ['13800138000'] });
    const { id } = await side.create({ patch, marker: 'u7' });
    const contact = jsforce.sobject('Contact');
    expect(await contact.retrieve(id)).toMatchObject({
      LastName: '李雷',
      Email: 'a@example.com',
      Email_2__c: null,
      MobilePhone: '13800138000',
      Udesk_Id__c: 'u7',
      LastModifiedById: API_USER,
    });
    const current = await mustRead(side, id);
    await side.update({ id, current, patch: { note: scalar(null, 'by us') } });
    expect(await contact.findOne({ Udesk_Id__c: 'u7' }, ['LastName', 'Description'])).toMatchObject({
      LastName: '李雷',
      Description: 'by us',
    });
    await side.delete(id);
    const binned = await jsforce.query(`SELECT Id, IsDeleted FROM Contact WHERE Id = '${id}'`, {
      scanAll: true,
    });
    expect(binned.records).toMatchObject([{ Id: id, IsDeleted: true }]);
    const since = new Date(crm.org.now() - 3_600_000);
    const { deletedRecords } = await contact.deleted(since, new Date(crm.org.now() + 1_000));
    expect(deletedRecords.map((one) => one.id)).toEqual([id]);
  });
});

describe('what both read', () => {
  test('queries in several answers, with the same rows', async () => {
    crm.org.plant('Contact', { LastName: 'planted' }, 250);
    crm.context.batchRecords = 60;
    const rows = await jsforce.query('SELECT Id FROM Contact ORDER BY Id', {
      autoFetch: true,
      maxFetch: 1_000,
    });
    const { ids } = await readAll(side.enumerate());
    expect(rows.records.map((row) => row.Id)).toEqual(ids);
    expect(ids).toHaveLength(250);
  });

  test('jobs of Bulk API 2.0, with the same rows and the same values', async () => {
    const odd = ['a "b"', 'c, d', 'e\nf', "g'h", '王小明'];
    for (const Description of odd) crm.org.plant('Contact', { LastName: 'planted', Description });
    const stream = await jsforce.bulk2.query('SELECT Id, Description FROM Contact', { pollInterval: 1 });
    const rows = (await stream.toArray()) as { Id: string; Description: string }[];
    expect(rows.map((row) => row.Description)).toEqual(odd);

    const config = salesforceConfigSchema.parse({ ...crm.block, bulkAbove: 0 });
    const inBulk = await createSalesforceSide(config, CONTEXT, {
      sleep: async (ms) => crm.org.advance(ms),
      pageRecords: 1,
    });
    const { records } = await readAll(inBulk.enumerate());
    await inBulk.close();
    expect(records).toEqual((await readAll(side.enumerate())).records);
    expect(records.map((record) => record.fields.note)).toEqual(odd);
    // The jobs are removed when they were read.
    expect([...crm.bulk.jobs.keys()]).toHaveLength(1);
  });

  test('what the object is made of', async () => {
    const { fields, keyPrefix } = await jsforce.sobject('Contact').describe();
    expect(keyPrefix).toBe('003');
    expect(fields.find(({ name }) => name === 'Udesk_Id__c')).toMatchObject({
      externalId: true,
      unique: true,
    });
    expect(side.manifest).toMatchObject({
      adapter: 'salesforce',
      externalId: { unique: true },
      capacity: { emails: 2, phones: 2 },
      compareAndSet: false,
      visibleDeletes: true,
    });
  });
});
