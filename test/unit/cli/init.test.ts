// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration, not of JavaScript
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { run } from './support.ts';

const FLAGS = ['--udesk-url', 'https://demo.udesk.cn', '--udesk-email', 'admin@example.com'];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'udesk-sync-init-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const written = () => readFileSync(join(folder, 'config/udesk-sync.yaml'), 'utf8');

describe('init', () => {
  it('writes a commented file without secrets that only its owner can read', async () => {
    const ran = await run(['init', ...FLAGS], { cwd: folder });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('udesk-sync check');
    expect(written()).toContain('baseUrl: "https://demo.udesk.cn"');
    expect(written()).toContain('${UDESK_TOKEN}');
    expect(statSync(join(folder, 'config/udesk-sync.yaml')).mode & 0o077).toBe(0);
  });

  it('leaves a file that is there as it is, unless told with --force', async () => {
    writeFileSync(join(folder, 'mine.yaml'), 'mine');
    const refused = await run(['init', ...FLAGS, '--config', 'mine.yaml'], { cwd: folder });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--force');
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toBe('mine');
    expect((await run(['init', ...FLAGS, '--config', 'mine.yaml', '--force'], { cwd: folder })).code).toBe(0);
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toContain('pairs:');
  });

  it('asks on a terminal for what the options do not say, with defaults', async () => {
    const ran = await run(['init', '--udesk-email', 'admin@example.com'], {
      cwd: folder,
      tty: true,
      typed: 'shop\nhttps://shop.udesk.cn\n\n\n\n',
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('A name for this pair of systems [main]: ');
    expect(written()).toContain('name: "shop"');
    expect(written()).toContain('table: "public.contact"');
  });

  it.each([
    ['odoo', ['ODOO_URL', 'ODOO_DATABASE', 'ODOO_LOGIN', 'ODOO_KEY']],
    ['http', ['CRM_URL', 'CRM_KEY']],
    ['salesforce', ['SALESFORCE_URL', 'SALESFORCE_CLIENT_ID', 'SALESFORCE_CLIENT_SECRET']],
    ['hubspot', ['HUBSPOT_TOKEN']],
  ])('writes the block of %s, and names what is left to fill in, as check does', async (crm, names) => {
    const ran = await run(['init', ...FLAGS, '--crm', crm], { cwd: folder, adapters: crmAdapters });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(written()).toContain(`    crm:\n      adapter: ${crm}\n`);
    for (const name of ['UDESK_TOKEN', ...names]) expect(ran.stdout).toContain(`export ${name}='…'`);
    const checked = await run(['check'], { cwd: folder, adapters: crmAdapters });
    expect(checked.code).toBe(2);
    for (const name of ['UDESK_TOKEN', ...names]) expect(checked.stderr).toContain(name);
  });

  it('asks on a terminal which CRM it is until it is one, and for a table of Postgres alone', async () => {
    const ran = await run(['init', ...FLAGS], {
      cwd: folder,
      adapters: crmAdapters,
      tty: true,
      typed: 'shop\nOracle\nhubspot\n\n',
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr.split('one of postgres, odoo, http, salesforce, hubspot.\n')).toHaveLength(2);
    expect(ran.stderr).not.toContain('Table of the CRM');
    expect(written()).toContain('adapter: hubspot');
  });

  it.each([
    ['an option', [...FLAGS, '--crm', 'odoo'], {}],
    ['an option, on a terminal', [...FLAGS, '--crm', 'odoo'], { tty: true, typed: '' }],
    ['an answer', FLAGS, { tty: true, typed: 'shop\nodoo\n\n' }],
  ])('refuses a table of a CRM that is not in Postgres (%s)', async (_case, flags, terminal) => {
    const ran = await run(['init', ...flags, '--crm-table', 'contact'], {
      cwd: folder,
      adapters: crmAdapters,
      ...terminal,
    });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('--crm-table is for a CRM in Postgres, and this one is odoo.');
    expect(ran.stderr).toContain('Leave --crm-table out, or choose --crm postgres.');
    expect(existsSync(join(folder, 'config'))).toBe(false);
  });

  it('names the options that are missing where nobody can be asked', async () => {
    const ran = await run(['init'], { cwd: folder });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('--udesk-url and --udesk-email');
    expect(existsSync(join(folder, 'config'))).toBe(false);
  });

  it('writes nothing when an answer makes no sound configuration', async () => {
    const ran = await run(['init', '--udesk-url', 'demo', '--udesk-email', 'x', '--region', 'China'], {
      cwd: folder,
    });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('pairs[0].udesk.baseUrl');
    expect(ran.stderr).toContain('pairs[0].match.defaultRegion');
    expect(existsSync(join(folder, 'config'))).toBe(false);
  });
});
