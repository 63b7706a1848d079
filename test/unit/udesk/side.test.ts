import { afterEach, describe, expect, it } from 'vitest';
import type { FieldWrite, Patch, SetOps, SideRecord } from '../../../src/core/record.ts';
import type { Element, Value } from '../../../src/core/value.ts';
import type { Side } from '../../../src/crm/adapter.ts';
import { createSideDispatcher } from '../../../src/http/dispatcher.ts';
import { createQuota, memoryLedger } from '../../../src/http/quota.ts';
import { DEFAULT_RETRY } from '../../../src/http/retry.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { createUdeskClient } from '../../../src/udesk/client.ts';
import { createUdeskSide } from '../../../src/udesk/side.ts';
import { startClient } from '../../support/udesk-client.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const LI = {
  nick_name: '李白',
  email: 'libai@example.com',
  other_emails: ['li@example.com', 'bai@example.com', 'poet@example.com'],
  cellphones: ['13800138000', '13900139000'],
  tags: ['老客户'],
  description: '诗人',
  custom_fields: { TextField_1: 'x' },
};

interface Tenant {
  readonly sim: Simulator;
  readonly side: Side;
  readonly id: string;
  current(): Promise<SideRecord>;
  /** `METHOD path` of the calls since the last time. */
  calls(): string[];
}

async function start(switches: Record<string, string> = {}, customers: object[] = [LI]): Promise<Tenant> {
  const sim = await startSimulator({ switches: { 'rate.per_minute': '0', ...switches } });
  closers.unshift(() => sim.close());
  for (const one of customers) sim.tenant.create(one);
  let nonce = 0;
  const monotonic = (): number => performance.now();
  const sleep = async (): Promise<void> => {};
  const client = createUdeskClient({
    baseUrl: sim.url,
    email: sim.admin.email,
    token: sim.admin.token,
    sign: 'sha256',
    quota: createQuota({
      key: 't',
      perMinute: 60_000,
      scope: 'tenant',
      ledger: memoryLedger(monotonic),
      clock: monotonic,
      sleep,
    }),
    dispatcher: createSideDispatcher(),
    clock: Date.now,
    monotonic,
    sleep,
    randomNonce: () => `n${++nonce}`,
    retry: { ...DEFAULT_RETRY, minDelayMs: 0, maxDelayMs: 0 },
  });
  closers.unshift(() => client.close());
  const side = createUdeskSide({ client, customFields: ['custom.TextField_1', 'custom.TextField_2'] });
  const id = sim.tenant.list()[0]?.id ?? '';
  return {
    sim,
    side,
    id,
    async current() {
      const record = await side.read(id);
      if (record === null) throw new Error('gone');
      sim.clearLog();
      return record;
    },
    calls() {
      const made = sim.log.map((entry) => `${entry.method} ${entry.path.replace('/open_api_v1', '')}`);
      sim.clearLog();
      return made;
    },
  };
}

const write = (
  field: string,
  before: Value,
  after: Value,
  ops: Partial<SetOps> | null = null,
): FieldWrite => ({
  field,
  before,
  after,
  ops: ops === null ? null : { add: [], remove: [], change: [], ...ops },
});
const values = (set: Value | undefined): string[] =>
  ((set ?? []) as readonly Element[]).map((one) => one.value);
const set = (...texts: string[]): Element[] => texts.map((value) => ({ id: null, value }));

function addEmail(record: SideRecord, address: string): Patch {
  const before = record.fields.emails ?? [];
  return { emails: write('emails', before, [...(before as Element[]), ...set(address)], { add: [address] }) };
}

describe('an update', () => {
  it('sends only what changed, and tells what the customer holds afterwards', async () => {
    const { side, sim, id, current, calls } = await start();
    const before = await current();
    const patch = {
      nick_name: write('nick_name', '李白', '李太白'),
      level: write('level', 'normal', 'vip'),
      'custom.TextField_2': write('custom.TextField_2', { absent: true }, 'y'),
    };
    const after = await side.update({ id, patch, current: before });
    expect(calls()).toEqual(['PUT /customers/update_customer']);
    expect(after.fields).toEqual({
      ...before.fields,
      nick_name: '李太白',
      level: 'vip',
      'custom.TextField_2': 'y',
    });
    expect(sim.tenant.get(id)).toMatchObject({ nick_name: '李太白', email: LI.email, tags: LI.tags });
  });

  it.each(['o1', 'o2', 'mixed'])(
    'adds a fourth other e-mail, and the ids of the three stay (%s)',
    async (shape) => {
      const { side, sim, id, current } = await start({ 'shape.other_emails': shape });
      const before = sim.tenant.get(id)?.other_emails ?? [];
      const record = await current();
      const after = await side.update({ id, patch: addEmail(record, 'new+1@example.com'), current: record });
      expect(sim.tenant.get(id)?.other_emails).toEqual([
        ...before,
        { id: expect.any(String), content: 'new+1@example.com' },
      ]);
      expect(sim.tenant.get(id)?.email).toBe(LI.email);
      expect(values(after.fields.emails)).toEqual([LI.email, ...LI.other_emails, 'new+1@example.com']);
    },
  );

  it('edits a phone in place, deletes one and adds one, under ids beyond 2^53 too', async () => {
    const { side, sim, id, current } = await start({ 'shape.ids': 'big' });
    const record = await current();
    const [first, second] = record.fields.cellphones as Element[];
    if (first === undefined || second === undefined) throw new Error('phones');
    const ops: SetOps = {
      add: ['13700137000'],
      remove: [second],
      change: [{ id: first.id, from: first.value, to: '13811138111' }],
    };
    const after = [{ id: first.id, value: '13811138111' }, ...set('13700137000')];
    const patch = { cellphones: write('cellphones', [first, second], after, ops) };
    await side.update({ id, patch, current: record });
    expect(BigInt(first.id ?? '')).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
    expect(sim.tenant.get(id)?.cellphones).toEqual([
      { id: first.id, content: '13811138111' },
      { id: expect.any(String), content: '13700137000' },
    ]);
  });

  it('reads the customer once more when the record at hand has no ids (P4, K3), and only then', async () => {
    const { side, sim, id, calls } = await start({ 'shape.emails': 'p4', 'shape.other_emails': 'o4' });
    const listed: SideRecord[] = [];
    for await (const page of side.enumerate()) listed.push(...page.records);
    const [record] = listed;
    if (record === undefined) throw new Error('empty');
    expect(record.fields.email).toBeUndefined();
    sim.set('shape.emails', 'p1');
    sim.set('shape.other_emails', 'o1');
    const before = sim.tenant.get(id)?.other_emails ?? [];
    calls();
    await side.update({ id, patch: addEmail(record, 'new@example.com'), current: record });
    expect(calls()).toEqual(['GET /customers/get_customer', 'PUT /customers/update_customer']);
    expect(sim.tenant.get(id)?.other_emails.slice(0, 3)).toEqual(before);
  });

  it('is stale when that reading shows something else than was planned on', async () => {
    const { side, sim, id, current } = await start({ 'shape.other_emails': 'o5' });
    const record = await current();
    sim.set('shape.other_emails', 'o1');
    sim.tenant.edit(id, { other_emails: ['li@example.com'] });
    await expect(
      side.update({ id, patch: addEmail(record, 'new@example.com'), current: record }),
    ).rejects.toMatchObject({ kind: 'stale', details: { field: 'emails' } });
  });

  it('writes no e-mail at all where Udesk never tells the ids', async () => {
    const { side, sim, id, current, calls } = await start({ 'shape.other_emails': 'o5' });
    const record = await current();
    await expect(
      side.update({ id, patch: addEmail(record, 'new@example.com'), current: record }),
    ).rejects.toMatchObject({ kind: 'contract', details: { code: 'no-element-ids' } });
    expect(calls()).toEqual(['GET /customers/get_customer']);
    expect(sim.tenant.get(id)?.other_emails).toHaveLength(3);
  });

  it('of tags alone is understood; a tag with a comma is refused before it is sent', async () => {
    const { side, sim, id, current, calls } = await start();
    const record = await current();
    const tags = (...names: string[]): Patch => ({
      tags: write('tags', record.fields.tags ?? [], set(...names), { add: names }),
    });
    const after = await side.update({ id, patch: tags('老客户', 'vip'), current: record });
    expect(values(after.fields.tags)).toEqual(['老客户', 'vip']);
    expect(sim.tenant.get(id)?.tags).toEqual(['老客户', 'vip']);
    calls();
    await expect(side.update({ id, patch: tags('a,b'), current: record })).rejects.toMatchObject({
      kind: 'rejected',
      details: { code: 'tag-comma' },
    });
    expect(calls()).toEqual([]);
  });

  it('of a customer that is gone is stale; with a value of another customer it is rejected', async () => {
    const { side, sim, id, current } = await start({}, [
      { nick_name: '杜甫', cellphones: ['13600136000'] },
      LI,
    ]);
    const record = await current();
    const before = record.fields.cellphones ?? [];
    const taken = write('cellphones', before, [...(before as Element[]), ...set('13600136000')], {
      add: ['13600136000'],
    });
    await expect(side.update({ id, patch: { cellphones: taken }, current: record })).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('手机号已存在'),
    });
    sim.tenant.delete(id);
    const patch = { nick_name: write('nick_name', '李白', 'x') };
    await expect(side.update({ id, patch, current: record })).rejects.toMatchObject({ kind: 'stale' });
  });

  it('whose answer was lost is ambiguous, and was sent once', async () => {
    const { side, sim, id, current, calls } = await start();
    const record = await current();
    sim.tenant.faults.push({ kind: 'reset-after-commit', match: { method: 'PUT' } });
    const patch = { nick_name: write('nick_name', '李白', 'x') };
    await expect(side.update({ id, patch, current: record })).rejects.toMatchObject({ kind: 'ambiguous' });
    expect(calls()).toEqual(['PUT /customers/update_customer']);
    expect(sim.tenant.get(id)?.nick_name).toBe('x');
  });

  it('that was accepted, but cannot be read back, is ambiguous', async () => {
    const { side, sim, id, current } = await start();
    const record = await current();
    sim.set('shape.emails', 'p4');
    sim.set('shape.other_emails', 'o4');
    sim.tenant.faults.push({ kind: 'html', match: { method: 'GET' }, times: 99 });
    const patch = { nick_name: write('nick_name', '李白', 'x') };
    await expect(side.update({ id, patch, current: record })).rejects.toMatchObject({ kind: 'ambiguous' });
  });
});

describe('a create', () => {
  const patch: Patch = {
    nick_name: write('nick_name', null, '杜甫'),
    emails: write('emails', [], set('du@example.com', 'fu+2@example.com'), {
      add: ['du@example.com', 'fu+2@example.com'],
    }),
    cellphones: write('cellphones', [], set('13600136000'), { add: ['13600136000'] }),
    tags: write('tags', [], set('a', 'b'), { add: ['a', 'b'] }),
    'custom.TextField_1': write('custom.TextField_1', null, 'x'),
  };

  it('carries the marker, and is found by it', async () => {
    const { side, sim } = await start();
    const made = await side.create({ patch, marker: 'crm-77' });
    expect(made.externalId).toBe('crm-77');
    expect(made.fields.email).toBe('du@example.com');
    expect(values(made.fields.emails)).toEqual(['du@example.com', 'fu+2@example.com']);
    expect(sim.tenant.get(made.id)).toMatchObject({ nick_name: '杜甫', tags: ['a', 'b'] });
    expect(await side.lookup('token', 'crm-77')).toEqual([made]);
    expect(await side.lookup('email', 'fu+2@example.com')).toEqual([made]);
    expect(await side.lookup('cellphone', '13600136000')).toEqual([made]);
    expect(await side.lookup('token', 'nobody')).toEqual([]);
  });

  it('reads the customer back when the answer does not tell the ids (E2, P4)', async () => {
    const { side, sim, calls } = await start({ 'shape.emails': 'p4', 'shape.other_emails': 'o4' });
    calls();
    const made = await side.create({ patch, marker: 'crm-77' });
    expect(calls()).toEqual(['POST /customers', 'GET /customers/get_customer']);
    expect(made.id).toBe(sim.tenant.find('token', 'crm-77')?.id);
  });

  it('whose answer was lost is ambiguous, sent once, and found by its marker', async () => {
    const { side, sim, calls } = await start();
    calls();
    sim.tenant.faults.push({ kind: 'reset-after-commit', match: { method: 'POST' } });
    await expect(side.create({ patch, marker: 'crm-77' })).rejects.toMatchObject({ kind: 'ambiguous' });
    expect(calls()).toEqual(['POST /customers']);
    expect(await side.lookup('token', 'crm-77')).toHaveLength(1);
  });
});

describe('reading', () => {
  it.each(['2005', '2015', '2000'])(
    'gives null for a customer that is not there, with code %s',
    async (code) => {
      const { side, sim, id } = await start({ 'not_found.code': code }, [{ nick_name: '杜甫' }, LI]);
      sim.tenant.delete(id);
      expect(await side.read(id)).toBeNull();
      await side.delete(id);
    },
  );

  it('does not take a wrong token for "not there"', async () => {
    const { side, sim } = await start({ 'sig.accept': 'sha1' });
    await expect(side.read('999')).rejects.toMatchObject({ kind: 'auth' });
    await expect(side.delete('999')).rejects.toMatchObject({ kind: 'auth' });
    expect(sim.tenant.count).toBe(1);
  });

  it('sweeps a tenant in mixed shapes, big ids included, to a certified end', async () => {
    const switches = { 'shape.emails': 'mixed', 'shape.other_emails': 'mixed', 'shape.cellphones': 'mixed' };
    const more = { 'shape.organization': 'mixed', 'shape.tags': 'mixed', 'shape.ids': 'big' };
    const customers = Array.from({ length: 250 }, (_, n) => ({
      ...LI,
      email: `u${n}@example.com`,
      other_emails: [],
      cellphones: [`1380000${1000 + n}`],
    }));
    const { side, sim } = await start({ ...switches, ...more }, customers);
    const ids: string[] = [];
    let certified = false;
    for await (const page of side.enumerate()) {
      expect(page.dropped).toEqual([]);
      ids.push(...page.records.map((record) => record.id));
      certified = page.end?.certified === true;
    }
    expect(ids).toEqual(sim.tenant.list().map((customer) => customer.id));
    expect(certified).toBe(true);
  });
});

describe('check', () => {
  it('tells count, clock and fingerprint, and nothing to worry about', async () => {
    const { side } = await start();
    const report = await side.check();
    expect(report).toMatchObject({ findings: [], count: 1, fields: null });
    expect(report.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(Math.abs(report.clockSkewMs ?? Number.NaN)).toBeLessThan(60_000);
  });

  it('warns of the cap of the list, and of a clock that is two minutes off', async () => {
    const late = new Date(1_700_000_000_000 + 120_000).toUTCString();
    const made = await startClient(() => ({
      json: { code: 1000, customers: [{ id: 1 }], meta: { total_count: 12_345 } },
      headers: { date: late },
    }));
    closers.push(() => made.close());
    const report = await createUdeskSide({ client: made.client }).check();
    expect(report.findings.map((finding) => finding.level)).toEqual(['warning', 'warning']);
    expect(report.findings[0]?.message).toContain('12345');
    expect(report.findings[1]?.message).toMatch(/12[01] s/);
  });

  it('says that the clock is off when Udesk refuses it', async () => {
    const { side } = await start({ 'clock.offset': '600' });
    await expect(side.check()).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringMatching(/off by about (599|600|601) s \(behind\)/),
    });
  });
});

it('every field of the manifest is as the design says', async () => {
  const { side } = await start();
  expect(side.manifest).toMatchObject({
    setFields: ['emails', 'cellphones', 'tags'],
    changeCursor: null,
    compareAndSet: false,
    visibleDeletes: false,
    externalId: { unique: false },
    elementIds: true,
    trustedTime: false,
    enumerationCap: 10_000,
    canDelete: true,
  });
});
