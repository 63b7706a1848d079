import { describe, expect, test } from 'vitest';
import { mayCome, openPatiently } from '../../../src/cli/patient-start.ts';
import { DatabaseFailure, SyncError } from '../../../src/errors.ts';

interface Line {
  readonly level: string;
  readonly atMs: number;
  readonly fields: Record<string, unknown>;
}

/** A start whose time is that of its waits; `answers`: what each try fails of, the last one for ever, null: it opens. */
function start(answers: readonly (Error | null)[], stopAtMs = Number.POSITIVE_INFINITY) {
  let now = 0;
  let tries = 0;
  const lines: Line[] = [];
  const stop = new AbortController();
  const say = (level: string) => (fields: object | string) =>
    void lines.push({ level, atMs: now, fields: typeof fields === 'string' ? {} : { ...fields } });
  const opened = openPatiently(
    async () => {
      const answer = answers[Math.min(tries++, answers.length - 1)] ?? null;
      if (answer !== null) throw answer;
      return 'opened';
    },
    (error) => mayCome(error, true),
    {
      log: { info: say('info'), warn: say('warn'), error: say('error') },
      signal: stop.signal,
      random: () => 0.5,
      monotonic: () => now,
      async sleep(ms) {
        now += ms;
        if (now >= stopAtMs) stop.abort();
      },
    },
  );
  return { opened, lines, tries: () => tries };
}

const away = new SyncError('transient', 'Postgres is not reachable', { code: 'ECONNREFUSED' });
const refused = new SyncError('config', 'Postgres refuses the user', { code: '28P01', advice: 'check it' });

describe('the start of a daemon', () => {
  test('opens its database at once where it is there, and says nothing of it', async () => {
    const { opened, lines } = start([null]);
    expect(await opened).toBe('opened');
    expect(lines).toEqual([]);
  });

  test('waits for a database that is away, and says when it is there', async () => {
    const { opened, lines, tries } = start([away, away, away, null]);
    expect(await opened).toBe('opened');
    expect(tries()).toBe(4);
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(lines[1]?.fields).toMatchObject({ failures: 3 });
  });

  test('says at once, as an error and with what to do, that it is refused', async () => {
    const { opened, lines } = start([refused, null]);
    await opened;
    expect(lines[0]).toMatchObject({ level: 'error', atMs: 0, fields: { kind: 'config', code: '28P01' } });
    expect(lines[0]?.fields.err).toBe('Postgres refuses the user. Check it.');
  });

  test('says the same once a minute at most, what is new at once, and what lasts as an error', async () => {
    const { opened, lines } = start([away, away, refused, away], 10 * 60_000);
    expect(await opened).toBeNull();
    expect(lines[1]).toMatchObject({ level: 'error', fields: { code: '28P01' } });
    const said = lines.filter(({ fields }) => fields.code === 'ECONNREFUSED');
    expect(said.length).toBeGreaterThan(5);
    for (const [n, line] of said.entries()) {
      if (n > 0) expect(line.atMs - (said[n - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(60_000);
      expect(line.level).toBe(n === 0 ? 'warn' : 'error');
    }
  });

  test('ends without a failure when it is stopped while it waits', async () => {
    const { opened, lines } = start([away], 1);
    expect(await opened).toBeNull();
    expect(lines).toHaveLength(1);
  });

  test('fails of what waiting cannot mend', async () => {
    const bug = new TypeError('a bug');
    await expect(start([bug]).opened).rejects.toBe(bug);
  });
});

test.each([
  ['a server that is away', away, true, true],
  ['an embedded one that is not ready', away, false, true],
  ['a server that refuses us', refused, true, true],
  ['a folder that cannot be used', refused, false, false],
  ['a connection that is lost while the tables are made', new DatabaseFailure('57P01', null), true, true],
  ['a statement that is wrong', new DatabaseFailure('42601', null), true, false],
  ['a bug', new Error('a bug'), true, false],
])('%s: is it waited for?', (_, error, onServer, expected) => {
  expect(mayCome(error, onServer)).toBe(expected);
});
