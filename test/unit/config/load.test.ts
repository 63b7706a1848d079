// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration, not of JavaScript
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { isSyncError } from '../../../src/errors.ts';
import { ADAPTERS, ENV, failure, load, MINIMAL } from './support.ts';

describe('a sound configuration', () => {
  it('has every default of the documentation filled in', () => {
    const config = load(MINIMAL);
    expect(config).toMatchObject({
      database: { dataDir: './data' },
      http: { host: '127.0.0.1', port: 8420 },
      locale: 'zh-CN',
      timezone: 'Asia/Shanghai',
      alerts: [],
      file: 'config/udesk-sync.yaml',
      warnings: [],
    });
    expect(config.pairs[0]).toMatchObject({
      udesk: {
        token: ENV.UDESK_TOKEN,
        sign: 'sha256',
        quota: { perMinute: 60, scope: 'tenant' },
        shards: [],
      },
      crm: { adapter: 'postgres', url: ENV.CRM_DATABASE_URL, table: 'contact' },
      fields: [{ udesk: 'nick_name', crm: 'name', direction: 'both', policy: 'hold', onBlocked: 'hold' }],
      match: { by: ['token', 'email', 'cellphone'], defaultRegion: 'CN', stopAfter: 5 },
      create: { inCrm: true, inUdesk: true },
      deletes: 'flag',
      firstRun: 'review',
      guards: { deletes: { max: 20, share: 0.02 }, updates: { share: 0.3 }, creates: { perHour: 500 } },
      schedule: { head: '*/15 * * * * *', audit: '17 * * * *' },
    });
  });

  it('takes the file from --config, then from UDESK_SYNC_CONFIG, then from config/', () => {
    const read: string[] = [];
    const readFile = (path: string) => {
      read.push(path);
      return MINIMAL;
    };
    const env = { ...ENV, UDESK_SYNC_CONFIG: 'by-env.yaml' };
    loadConfig({ file: 'by-option.yaml', env, readFile, adapters: ADAPTERS });
    loadConfig({ env, readFile, adapters: ADAPTERS });
    loadConfig({ env: ENV, readFile, adapters: ADAPTERS });
    expect(read).toEqual(['by-option.yaml', 'by-env.yaml', 'config/udesk-sync.yaml']);
  });

  it('uses DATABASE_URL when the file names no database', () => {
    expect(load(MINIMAL, { ...ENV, DATABASE_URL: 'postgres://localhost/x' }).database.url).toBe(
      'postgres://localhost/x',
    );
    expect(load(MINIMAL).database.url).toBeUndefined();
  });

  it('keeps the digits of secrets and mapped values that look like numbers', () => {
    const yaml = MINIMAL.replace("'${UDESK_TOKEN}'", '00712345678901234567890').replace(
      'crm: name }',
      'crm: name, map: { 007: 12345678901234567890 } }',
    );
    const pair = load(yaml).pairs[0];
    expect(pair?.udesk.token).toBe('00712345678901234567890');
    expect(pair?.fields[0]?.map).toEqual([['007', '12345678901234567890']]);
  });

  it('warns of a secret that is written into the file, without repeating it', () => {
    const config = load(MINIMAL.replace("'${UDESK_TOKEN}'", 'literal-secret-value'));
    expect(config.warnings).toHaveLength(1);
    expect(config.warnings[0]?.message).toContain('pairs[0].udesk.token');
    expect(JSON.stringify(config.warnings)).not.toContain('literal-secret-value');
  });

  it('warns of a Postgres elsewhere whose certificate nobody verifies, without repeating the address', () => {
    const ours = load(MINIMAL, { ...ENV, DATABASE_URL: 'postgres://desk:pw-of-ours@db.example.com/x' });
    expect(ours.warnings).toHaveLength(1);
    expect(ours.warnings[0]).toEqual({
      message: expect.stringMatching(/^database\.url reaches another machine without TLS/),
      advice: expect.stringContaining('sslmode=verify-full'),
    });
    expect(JSON.stringify(ours.warnings)).not.toContain('pw-of-ours');
    const verified = 'postgres://desk@db.example.com/x?sslmode=verify-full';
    expect(load(MINIMAL, { ...ENV, DATABASE_URL: verified }).warnings).toEqual([]);
  });

  it('reduces the base URL to its origin', () => {
    expect(load(MINIMAL.replace('demo.udesk.cn', 'demo.s2.udesk.cn/')).pairs[0]?.udesk.baseUrl).toBe(
      'https://demo.s2.udesk.cn',
    );
  });
});

describe('a configuration with problems', () => {
  it('lists all of them at once, each with its place, its line and what was probably meant', () => {
    const error = failure(`
databse: {}
locale: fr
pairs:
  - name: Main
    udesk: { baseURL: 'https://demo.udesk.cn', email: nobody, token: a, password: b }
    crm: { adapter: postgress, url: x }
    fields:
      - { udesk: nick_name, crm: name, policy: unoin }
      - { udesk: nickname, crm: name }
      - { udesk: emails, crm: emails, policy: crm }
      - { udesk: level, crm: tier, policy: union, map: { vip: gold, svip: gold } }
    match: { by: [emial], defaultRegion: China }
    guards: { deletes: { share: 2 } }
    schedule: { sweep: often }
  - name: second
    udesk: { baseUrl: 'https://a.udesk.cn', email: a@example.com }
    crm: { adapter: postgres, url: x, tabel: contact }
    fields:
      - { udesk: email, crm: email }
      - { udesk: email, crm: email }
http: { host: 0.0.0.0 }
`);
    expect(isSyncError(error, 'config')).toBe(true);
    const expected = [
      /databse \(line 2\): is not a known key\. Did you mean "database"\?/,
      /locale \(line 3\): "fr" is not allowed\. Allowed: zh-CN, en/,
      /pairs\[0\]\.name \(line 5\): must be lower-case/,
      /pairs\[0\]\.udesk\.baseURL \(line 6\): is not a known key\. Did you mean "baseUrl"\?/,
      /pairs\[0\]\.udesk\.baseUrl \(line 6\): is missing/,
      /pairs\[0\]\.udesk\.email \(line 6\): must be an e-mail address/,
      /pairs\[0\]\.udesk \(line 6\): has both token and password/,
      /pairs\[0\]\.crm\.adapter \(line 7\): "postgress" is not an adapter\. Did you mean "postgres"\?/,
      /pairs\[0\]\.fields\[0\]\.policy \(line 9\): "unoin" is not allowed\. Did you mean "union"\? Allowed: hold, udesk/,
      /pairs\[0\]\.fields\[1\]\.udesk \(line 10\): "nickname" is not a field.* Did you mean "nick_name"\?/,
      /pairs\[0\]\.fields\[2\]\.policy \(line 11\): "crm" is for fields of one value.* Use union/,
      /pairs\[0\]\.fields\[3\]\.map\.svip \(line 12\): is not one-to-one: "vip" and "svip"/,
      /pairs\[0\]\.match\.by\[0\] \(line 13\): "emial" is not allowed\. Did you mean "email"\?/,
      /pairs\[0\]\.match\.defaultRegion \(line 13\): must be a country/,
      /pairs\[0\]\.guards\.deletes\.share \(line 14\): must be at most 1/,
      /pairs\[0\]\.schedule\.sweep \(line 15\): is not a cron expression/,
      /pairs\[1\]\.udesk \(line 17\): has no token/,
      /pairs\[1\]\.crm\.tabel \(line 18\): is not a known key\. Did you mean "table"\?/,
      /pairs\[1\]\.crm\.table \(line 18\): is missing/,
      /pairs\[1\]\.fields\[1\]\.udesk \(line 21\): is mapped by fields\[0\] already/,
      /pairs\[1\]\.fields\[1\]\.crm \(line 21\): is mapped by fields\[0\] already/,
      /http\.host \(line 22\): would open the pages/,
    ];
    for (const pattern of expected) expect(error.message).toMatch(pattern);
    expect(error.message).toContain(`has ${expected.length} problems:`);
    expect(error.message).toContain(`\n  ${expected.length}. `);
  });

  it('names every missing environment variable and its place, and nothing else', () => {
    const error = failure(MINIMAL.replace('https://demo.udesk.cn', '${UDESK_ORIGIN}'), {});
    expect(error.message).toContain('has 3 problems');
    expect(error.message).toContain('UDESK_ORIGIN');
    expect(error.message).toMatch(
      /pairs\[0\]\.udesk\.token \(line 4\): needs the environment variable UDESK_TOKEN/,
    );
    expect(error.message).toMatch(
      /pairs\[0\]\.crm\.url \(line 5\): needs the environment variable CRM_DATABASE_URL/,
    );
  });

  it('finds two pairs of one name', () => {
    const error = failure(MINIMAL + MINIMAL.replace('\npairs:', ''));
    expect(error.message).toMatch(/pairs\[1\]\.name .*is the name of pairs\[0\] too/);
  });

  it('finds users and tokens of one name, because decisions are kept under the name alone', () => {
    const user = (name: string) =>
      `      - { name: ${name}, role: viewer, passwordHash: 'scrypt:16:8:2:${'A'.repeat(22)}:${'B'.repeat(43)}' }\n`;
    const token = (name: string, of: string) =>
      `      - { name: ${name}, role: viewer, token: '${of.repeat(32)}' }\n`;
    const auth = (users: string, tokens: string) =>
      `${MINIMAL}http:\n  auth:\n    users:\n${users}    tokens:\n${tokens}`;
    expect(() =>
      load(auth(user('ann') + user('bob'), token('desk', 'a') + token('till', 'b'))),
    ).not.toThrow();
    const error = failure(auth(user('ann') + user("'ann '"), token('ann', 'a') + token('desk', 'b')));
    expect(error.message).toMatch(/http\.auth\.users\[1\]\.name .*is the name of http\.auth\.users\[0\] too/);
    expect(error.message).toMatch(
      /http\.auth\.tokens\[0\]\.name .*is the name of http\.auth\.users\[0\] too/,
    );
    expect(error.message).not.toContain('tokens[1]');
  });

  it('says which of the shapes of an adapter was nearest', () => {
    const error = failure(MINIMAL.replace('table: contact }', 'table: contact, emails: { columms: [a] } }'));
    expect(error.message).toMatch(/pairs\[0\]\.crm\.emails\.columms .*Did you mean "columns?"\?/);
  });

  it('says line and column of a YAML slip, without quoting the file', () => {
    const error = failure('pairs:\n  - name: main\n   udesk: "s3cret-in-the-file\n');
    expect(error.message).toMatch(/line \d+, column \d+/);
    expect(error.message).not.toContain('s3cret');
  });

  it('tells a newcomer how to get a file', () => {
    const readFile = () => {
      throw Object.assign(new Error('no'), { code: 'ENOENT' });
    };
    expect(() => loadConfig({ env: {}, readFile, adapters: ADAPTERS })).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ advice: expect.stringContaining('udesk-sync init') }),
      }),
    );
  });

  it('never repeats a secret, wherever it stands', () => {
    const secret = 'Hunter2-hunter2-hunter2';
    const env = { UDESK_TOKEN: secret, CRM_DATABASE_URL: secret };
    const wrong = MINIMAL.replace('name: main', "name: '${UDESK_TOKEN}'")
      .replace("'https://demo.udesk.cn'", "'${UDESK_TOKEN}'")
      .replace('admin@example.com', "'${UDESK_TOKEN}'")
      .replace('udesk: nick_name', "udesk: '${UDESK_TOKEN}', policy: '${UDESK_TOKEN}'")
      .replace('adapter: postgres', "adapter: '${UDESK_TOKEN}'");
    const error = failure(`database: { url: '\${UDESK_TOKEN}' }\n${wrong}`, env);
    expect(error.message).toContain('has 7 problems');
    expect(`${error.message} ${JSON.stringify(error.details)} ${error.stack}`).not.toContain(secret);
  });
});

describe('environment references', () => {
  it('have defaults, an escape, and leave a key out when they are empty', () => {
    const yaml = MINIMAL.replace('table: contact', "table: '${TABLE:-public.contact}'").replace(
      "token: '${UDESK_TOKEN}'",
      "token: '${UDESK_TOKEN:-}', password: '$$${literal}'",
    );
    const pair = load(yaml, { CRM_DATABASE_URL: 'x' }).pairs[0];
    expect(pair?.crm.table).toBe('public.contact');
    expect(pair?.udesk.password).toBe('${literal}');
    expect(pair?.udesk).not.toHaveProperty('token');
  });

  it('can hold characters that mean something in YAML', () => {
    const value = 'a: "b" # {c}\n- d';
    expect(load(MINIMAL, { ...ENV, UDESK_TOKEN: value }).pairs[0]?.udesk.token).toBe(value);
  });

  it('need no quotes, inside braces and lists neither, as the documentation shows them', () => {
    const yaml = `${MINIMAL.replace("'${UDESK_TOKEN}'", '${UDESK_TOKEN}').replace("'${CRM_DATABASE_URL}'", '${CRM_DATABASE_URL}')}
alerts: [ { type: webhook, url: ${'${ALERT_URL:-https://alerts.example/x}'}, on: [guard] } ]
`;
    const config = load(yaml);
    expect(config.pairs[0]?.udesk.token).toBe(ENV.UDESK_TOKEN);
    expect(config.pairs[0]?.crm.url).toBe(ENV.CRM_DATABASE_URL);
    expect(config.alerts[0]).toMatchObject({ url: 'https://alerts.example/x' });
  });

  it('that are malformed are named', () => {
    expect(failure(MINIMAL.replace('table: contact', "table: '${not a name}'")).message).toMatch(
      /pairs\[0\]\.crm\.table .*is not a reference/,
    );
  });
});

describe('alerts by e-mail', () => {
  const mail = (keys: string) =>
    `${MINIMAL}alerts: [ { type: email, host: smtp.example.com, from: a@example.com, to: [b@example.com], on: [guard], ${keys} } ]\n`;

  it('are sent in the clear on this machine only, and with both halves of a sign-in', () => {
    expect(load(mail('tls: starttls')).alerts).toHaveLength(1);
    expect(failure(mail('tls: none')).message).toContain('in the clear');
    expect(failure(mail('user: me')).message).toContain('has no password');
    expect(load(mail('tls: none').replace('smtp.example.com', 'localhost')).alerts).toHaveLength(1);
  });

  it('take plain addresses and nothing that could end a header', () => {
    for (const address of ['"x <y@example.com>"', '"a@example.com\\r\\nBcc: c@example.com"', '"a@b, c@d"']) {
      expect(failure(mail('').replace('[b@example.com]', `[${address}]`)).message).toContain(
        'alerts[0].to[0]',
      );
    }
  });
});
