import { describe, expect, it } from 'vitest';
import { run } from './support.ts';

describe('simulate udesk', () => {
  it('says where it listens and how to sign in, and ends when it is told to', async () => {
    const ended = AbortSignal.abort();
    const ran = await run(['simulate', 'udesk', '--port', '0', '--customers', '3', '--json'], {
      signal: ended,
    });
    expect(ran.code).toBe(0);
    const { simulator } = JSON.parse(ran.stdout);
    expect(simulator.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(simulator).toMatchObject({
      customers: 3,
      seed: '1',
      email: expect.any(String),
      token: expect.any(String),
    });
  });

  it('refuses what makes no sense with 2, naming what is allowed', async () => {
    expect((await run(['simulate', 'udesk', '--port', '99999'])).code).toBe(2);
    expect((await run(['simulate', 'udesk', '--customers', 'many'])).code).toBe(2);
    const ran = await run(['simulate', 'udesk', '--port', '0', '--switch', 'rate.scop=tenant']);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('rate.scope');
  });

  it('lists every switch with its meaning in the help', async () => {
    const ran = await run(['simulate', 'udesk', '--help']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('rate.reply=');
  });
});
