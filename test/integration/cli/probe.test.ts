/** `probe` against an account that is really asked over HTTP; it needs no database. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { startRestCrm } from '../../support/rest-crm.ts';

let crm: Awaited<ReturnType<typeof startRestCrm>>;
let cli: CommandLine | null = null;
beforeEach(async () => {
  crm = await startRestCrm();
});
afterEach(async () => {
  cli?.close();
  await crm.close();
});

function start(block: Readonly<Record<string, unknown>>): CommandLine {
  const configText = `
pairs:
  - name: main
    udesk: { baseUrl: 'http://127.0.0.1:1', email: a@example.com, token: sixteen-characters }
    crm: ${JSON.stringify({ ...crm.block, ...block })}
    fields:
      - { udesk: nick_name, crm: name }
      - { udesk: description, crm: note }
      - { udesk: emails, crm: emails }
      - { udesk: cellphones, crm: phones }
`;
  cli = commandLine({ configText, databaseUrl: 'postgres://127.0.0.1:1/none' });
  return cli;
}

describe('probe', () => {
  test.each([{}, { sandbox: false }])(
    'asks nothing of an account that is not a sandbox (%j)',
    async (block) => {
      const ran = await start(block).run('probe', 'main');
      expect(ran.code).toBe(2);
      expect(ran.stderr).toContain('CRM of the pair main is not marked as a sandbox: nothing was asked');
      expect(ran.stderr).toContain('sandbox: true');
      expect(crm.requests).toEqual([]);
    },
  );

  test('writes the manifest that it found, agrees with a true one, and leaves nobody behind', async () => {
    crm.people.insert({ name: 'was here before', emails: ['before@example.com'] });
    const ran = await start({ sandbox: true }).run('probe', 'main', '--json', '--strict', '--patience', '1');
    const { probe } = ran.json() as unknown as { probe: Record<string, unknown> };
    expect(probe).toMatchObject({
      pair: 'main',
      adapter: 'http',
      ok: true,
      left: [],
      file: 'main.manifest.json',
    });
    expect(ran.code).toBe(0);
    expect(probe.made).toBeGreaterThan(5);
    expect(JSON.parse(cli?.read('main.manifest.json') ?? '')).toMatchObject({
      adapter: 'http',
      compareAndSet: true,
      externalId: { unique: true },
      canDelete: true,
      visibleDeletes: false,
      elementIds: true,
    });
    expect(crm.people.live().map(({ name }) => name)).toEqual(['was here before']);
    expect(`${ran.stdout}${ran.stderr}`).not.toMatch(/s3cret|before@/);
  });

  test('warns where the manifest promises what the account does not keep', async () => {
    const shows = {
      list: { ...(crm.block.list as object), showsDeleted: true },
      deleted: { path: 'gone', equals: [1] },
    };
    const line = start({ sandbox: true, ...shows });
    const told = await line.run('probe', 'main', '--patience', '0');
    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/warning: main: `canDelete` of the manifest is not kept: .*nothing shows/);
    const strict = await line.run('probe', 'main', '--patience', '0', '--strict', '--out', 'found.json');
    expect(strict.code).toBe(4);
    expect(JSON.parse(line.read('found.json'))).toMatchObject({ visibleDeletes: false });
    expect(crm.people.live()).toEqual([]);
  });
});
