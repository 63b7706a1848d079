import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { createHttpSide } from '../../../src/crm/http/adapter.ts';
import { httpConfigSchema } from '../../../src/crm/http/config.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { type SyncError, toError } from '../../../src/errors.ts';
import { CONTEXT } from '../../conformance/harness.ts';

const BLOCK = {
  adapter: 'http',
  baseUrl: 'https://crm.example.com/api',
  list: { path: '/people', paging: { kind: 'page', param: 'page' } },
  get: { path: '/people/{id}' },
  create: { path: '/people' },
  update: { path: '/people/{id}' },
  find: { email: { param: 'email' }, phone: { param: 'phone' } },
};

function problems(block: Readonly<Record<string, unknown>>): string[] {
  const pair = {
    name: 'main',
    udesk: { baseUrl: 'https://demo.udesk.cn', email: 'a@example.com', token: 'tok-0123456789abcdef' },
    crm: { ...BLOCK, ...block },
    fields: [{ udesk: 'nick_name', crm: 'name' }],
  };
  try {
    loadConfig({ env: {}, readFile: () => JSON.stringify({ pairs: [pair] }), adapters: crmAdapters });
    return [];
  } catch (thrown) {
    return toError(thrown).message.split('\n');
  }
}

function misfit(block: Readonly<Record<string, unknown>>): SyncError {
  try {
    createHttpSide(httpConfigSchema.parse({ ...BLOCK, ...block }), CONTEXT);
  } catch (thrown) {
    return thrown as SyncError;
  }
  throw new Error('nothing was refused');
}

describe('the http block', () => {
  test('tells every problem at once, each with its place and what was probably meant', () => {
    const told = problems({
      baseUrl: 'https://user:secretword@crm.example.com',
      auth: { type: 'bearer', secret: 'x' },
      list: { path: '/people', record: 'items', paging: { kind: 'cursor', parm: 'c' } },
      get: { path: '/people/{name}' },
      feilds: {},
    }).join('\n');
    for (const part of [
      'crm.baseUrl',
      'crm.auth.token',
      'crm.auth.secret',
      'crm.list.record',
      'Did you mean "records"?',
      'crm.list.paging.parm',
      'Did you mean "param"?',
      'crm.get.path',
      'crm.feilds',
      'Did you mean "fields"?',
    ])
      expect(told).toContain(part);
    expect(told).not.toContain('secretword');
  });

  test('tells which keys do not go together', () => {
    const told = problems({
      get: { path: '/people' },
      delete: { archive: { path: 'archived', value: true } },
      externalId: { path: 'ext' },
      errors: { ok: [0] },
      list: { ...BLOCK.list, changedSince: { param: 'since' }, showsDeleted: true },
      create: { path: '/people', answers: 'nothing' },
    }).join('\n');
    for (const part of [
      'crm.get.path',
      'crm.deleted',
      'crm.find.externalId',
      'crm.errors.code',
      'crm.updatedAt',
      'crm.create.id',
    ])
      expect(told).toContain(part);
    expect(problems({})).toEqual([]);
  });

  test('is refused where a field is mapped that cannot be looked up by, or that holds something else', () => {
    const error = misfit({
      find: {},
      fields: { nmae: 'full_name', emails: { path: 'email', as: 'text' }, name: { slots: ['a'] } },
    });
    expect(error.kind).toBe('config');
    expect(error.message.split('\n').map((line) => line.split(':')[0])).toEqual([
      'crm.fields.nmae',
      'crm.fields.name',
      'crm.fields.emails.as',
      'crm.find.email',
      'crm.find.phone',
    ]);
    expect(error.message).toContain('Did you mean "name"?');
  });

  test('the manifest promises what is declared, and no more', async () => {
    const bare = createHttpSide(httpConfigSchema.parse(BLOCK), CONTEXT);
    expect(bare.manifest).toMatchObject({
      compareAndSet: false,
      changeCursor: null,
      visibleDeletes: false,
      externalId: null,
      elementIds: false,
      trustedTime: false,
      canDelete: false,
      capacity: {},
    });
    await bare.close();
  });
});
