// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration, not of JavaScript
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configText } from '../../../src/cli/init.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { ENV } from './support.ts';

const committed = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');
const load = (text: string, env: Record<string, string>) =>
  loadConfig({ env, readFile: () => text, adapters: crmAdapters });

describe('the files that come with the program', () => {
  it('have an example configuration that loads', () => {
    const config = load(committed('config/udesk-sync.example.yaml'), ENV);
    expect(config.pairs[0]?.crm.adapter).toBe('postgres');
    expect(config.warnings).toEqual([]);
  });

  it('show in the example, commented out, nothing but what loads as well', () => {
    const example = committed('config/udesk-sync.example.yaml');
    const optional = example
      .replace(/^(\s*)# (?=[a-z]\w*:)/gim, '$1')
      .replace(/^(\s*)# {3}(?=[a-z]\w*: \S)/gim, '$1  ')
      .replace(/^(\s*)# {3}(?=[a-z]\w*:$)/gim, '$1  ')
      .replace(/^(\s*)# {3,5}- (?=\{ (name|type|every):)/gim, '$1    - ')
      .replace(/^# (?= {2,3}- \{ type)/gm, '')
      .replace(/^ *password: \$.*\n/m, '')
      .replace(/^ *phones: \{ columns.*\n/m, '');
    const env = {
      ...ENV,
      DATABASE_URL: 'postgres://localhost/mirror',
      DESK_PASSWORD_HASH: `scrypt:16:8:2:${'A'.repeat(22)}:${'B'.repeat(43)}`,
      API_TOKEN: 'a'.repeat(32),
      UDESK_HOOK_SECRET: 'sixteen-characters',
      SMTP_PASSWORD: 'of-the-mail-server',
      ALERT_URL: 'https://alerts.example/x',
      HEARTBEAT_URL: 'https://beats.example/x',
    };
    const config = load(optional, env);
    expect(config.http.auth?.users).toHaveLength(1);
    expect(config.alerts.map(({ type }) => type)).toEqual(['webhook', 'email', 'heartbeat']);
    expect(config.reports.map(({ every, at }) => [every, at])).toEqual([['week', '07:00']]);
    expect(config.pairs[0]?.udesk.webhook?.secret).toBe(env.UDESK_HOOK_SECRET);
    // What the comments call a default is one.
    const plain = load(committed('config/udesk-sync.example.yaml'), ENV).pairs[0];
    const told = config.pairs[0];
    for (const key of ['match', 'create', 'deletes', 'firstRun', 'guards', 'schedule'] as const) {
      expect(told?.[key]).toEqual(plain?.[key]);
    }
    expect(told?.udesk.quota).toEqual(plain?.udesk.quota);
  });

  it('show blocks of other adapters that load in the place of the first', () => {
    const example = committed('config/udesk-sync.example.yaml');
    const [before = '', rest = ''] = example.split(/^ {4}crm:$/m);
    const [, after = ''] = rest.split(/^(?= {4}# Which field is which)/m);
    const blocks = rest.match(/^ {4}#\| crm:$(?:\n {4}#\|.*$)*/gm) ?? [];
    const loaded = blocks.map((block) => {
      const names = [...block.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
      const env = names.map((name) => [name, /_URL$/.test(name) ? 'https://crm.example.com' : 'pat']);
      const text = `${before}${block.replaceAll('#| ', '')}\n${after}`;
      return load(text, { ...ENV, ...Object.fromEntries(env) }).pairs[0]?.crm;
    });
    expect(loaded.map((crm) => crm?.adapter)).toEqual(['odoo', 'http', 'salesforce', 'hubspot']);
    expect(loaded.at(-1)).toMatchObject({ token: 'pat', overlapMs: 300_000 });
  });

  it('have the JSON Schema that `npm run config:schema` makes now', () => {
    expect(committed('config/udesk-sync.schema.json')).toBe(configJsonSchema(crmAdapters));
  });

  it('include what init writes: a configuration that loads', () => {
    const answers = {
      name: 'main',
      udeskUrl: 'https://demo.udesk.cn',
      udeskEmail: 'a@example.com',
      crm: 'postgres' as const,
      crmTable: '"My ${x}"',
      region: 'CN',
    };
    expect(load(configText(answers), ENV).pairs[0]?.crm.table).toBe('"My ${x}"');
  });

  it('have a compose file that starts the daemon after a healthy Postgres, with secrets from files alone', () => {
    const { services, volumes, secrets } = parse(committed('docker-compose.yml'));
    expect(services.postgres.image).toBe('postgres:17');
    expect(services.postgres.healthcheck.test.join(' ')).toContain('pg_isready');
    for (const part of services.daemon.healthcheck.test) expect(part).toEqual(expect.any(String));
    expect(services.daemon.healthcheck.test.join(' ')).toContain('/healthz');
    expect(services.daemon.depends_on.postgres.condition).toBe('service_healthy');
    for (const service of [services.postgres, services.daemon]) {
      for (const [name, value] of Object.entries(service.environment)) {
        const file = /_FILE$/.test(name) ? /^\/run\/secrets\/(\w+)$/.exec(String(value))?.[1] : null;
        expect(file === null || service.secrets.includes(file), name).toBe(true);
        expect(String(value)).not.toContain('${');
      }
      for (const secret of service.secrets) expect(secrets[secret].file).toBe(`./secrets/${secret}`);
    }
    expect(Object.keys(volumes)).toEqual(['postgres', 'cache']);
    // The image says where Node's compile cache is; whoever runs it read-only has to give it that place.
    const [, cache] = /NODE_COMPILE_CACHE=(\S+)/.exec(committed('Dockerfile')) ?? [];
    expect(services.daemon.volumes).toContain(`cache:${cache}`);
  });

  const checks: readonly (readonly [of: string, command: readonly string[]])[] = [
    ['the compose file', parse(committed('docker-compose.yml')).services.daemon.healthcheck.test],
    [
      'the image',
      JSON.parse(/^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$/m.exec(committed('Dockerfile'))?.[1] ?? '[]'),
    ],
  ];

  it.each(checks)(
    'have a health check of %s that asks /healthz at HEALTH_PORT, and is red when it is',
    async (_of, given) => {
      const [program, ...args] = given[0] === 'CMD' ? given.slice(1) : given;
      expect(program).toBe('node');
      const asked: string[] = [];
      let status = 200;
      const server = createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(status).end();
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const HEALTH_PORT = String((server.address() as AddressInfo).port);
      const check = async () => {
        const [code] = await once(spawn(process.execPath, args, { env: { HEALTH_PORT } }), 'exit');
        return code;
      };
      try {
        expect(await check()).toBe(0);
        expect(asked).toEqual(['GET /healthz']);
        status = 503;
        expect(await check()).toBe(1);
      } finally {
        server.close();
      }
      await once(server, 'close');
      expect(await check()).toBe(1);
    },
    30_000,
  );

  it.each(checks)(
    'have a health check of %s that asks the default port of the configuration without HEALTH_PORT',
    (_of, given) => {
      // Another program may have that port on this machine: the command is run with a `fetch` that says where it would go.
      const script = `globalThis.fetch = async (url) => (console.log(url), { ok: true });\n${given.at(-1)}`;
      const { stdout, status } = spawnSync(process.execPath, ['-e', script], { env: {}, encoding: 'utf8' });
      const { port } = load(
        committed('config/udesk-sync.example.yaml').replace(/^ {2}port: .*\n/m, ''),
        ENV,
      ).http;
      expect([stdout, status]).toEqual([`http://127.0.0.1:${port}/healthz\n`, 0]);
    },
  );

  it('have a compose file in which nobody is root, writes where nothing is meant to be written, or takes all there is', () => {
    const { services } = parse(committed('docker-compose.yml'));
    for (const service of Object.values<Record<string, unknown>>(services)) {
      expect(service).toMatchObject({
        user: expect.not.stringMatching(/^(root|0)\b/),
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        mem_limit: expect.any(String),
        cpus: expect.any(Number),
        pids_limit: expect.any(Number),
        restart: 'unless-stopped',
      });
    }
  });
});
