import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/lib/log.ts';

const SECRET = 'to"ken\\0123';

function lines(pretty: boolean, use: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  const stream = {
    write(line: string) {
      text += line;
    },
  };
  use(createLogger({ level: 'info', pretty, color: false, stream, secrets: () => [SECRET] }));
  return text;
}

describe('a log line', () => {
  it.each([false, true])('holds no secret, wherever it was put (pretty: %s)', (pretty) => {
    const text = lines(pretty, (logger) => {
      logger.info({ pair: 'main', note: `see ${SECRET}` }, `value ${SECRET}`);
      logger.error(new Error(`failed with ${SECRET}`));
      logger.info(
        {
          token: 'other-one',
          request: { authorization: 'other-two', url: 'http://u:other-three@x/place?sign=other-four' },
        },
        'keys',
      );
    });
    // With its letters: a process number may hold the four digits.
    expect(text).not.toMatch(/ken\\*0123/);
    expect(text).not.toMatch(/other-(one|two|three|four)/);
    expect(text).toContain('***');
    expect(text).toContain('http://x/place');
    expect(text).toContain('main');
  });

  it('is JSON with a named level and a UTC time where no terminal reads it', () => {
    const line = JSON.parse(lines(false, (logger) => logger.warn({ pair: 'main', durationMs: 3 }, 'slow')));
    expect(line).toMatchObject({ level: 'warn', pair: 'main', durationMs: 3, msg: 'slow' });
    expect(line.time).toMatch(/Z$/);
  });

  it('below the level is not written', () => {
    expect(lines(false, (logger) => logger.debug('no'))).toBe('');
  });
});
