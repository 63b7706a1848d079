import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ENDPOINTS } from '../../../src/web/api/endpoints.ts';
import { createBusyWorld, waitingIn } from '../../support/busy-world.ts';
import { openWeb, type RunningWeb, tokenOf } from '../../support/web.ts';
import type { World } from '../../support/world.ts';
import { customerId } from '../../support/world.ts';

const TEXT = readFileSync(join(import.meta.dirname, '../../../docs/api.md'), 'utf8');

interface Example {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** Every curl line of the document, continued lines joined. */
function examples(): Example[] {
  const blocks = [...TEXT.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const lines = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
  return lines
    .filter((line) => line.startsWith('curl '))
    .map((line) => ({
      method: /-X (\w+)/.exec(line)?.[1] ?? 'GET',
      path: /\$UDESK_SYNC([^"]*)"/.exec(line)?.[1] ?? '',
      headers: Object.fromEntries(
        [...line.matchAll(/-H "([\w-]+): ([^"]+)"/g)].map(([, name = '', value = '']) => [name, value]),
      ),
      body: /-d '([^']*)'/.exec(line)?.[1] ?? null,
    }));
}

let world: World;
let web: RunningWeb;
beforeAll(async () => {
  world = await createBusyWorld();
  web = await openWeb(world, { users: true });
});
afterAll(async () => {
  await web.close();
  await world.close();
});

async function filled(text: string): Promise<string> {
  const waits = waitingIn(world);
  const { id, seen } = await waits.conflict(0);
  const values: Record<string, string> = {
    ...{ CONFLICT: id, SEEN: seen, LINK: await waits.question(), PARKED: await waits.parked() },
    ...{ HASH: await waits.held(), CUSTOMER: customerId(world, 'U1'), TOKEN: tokenOf('operator') },
  };
  return text.replaceAll(/\$([A-Z]+)/g, (whole, name: string) => values[name] ?? whole);
}

test('every example of docs/api.md does what it is there for, one after the other', async () => {
  const all = examples();
  expect(all.length).toBeGreaterThan(20);
  for (const { method, path, headers, body } of all) {
    const told = await Promise.all(
      Object.entries(headers).map(async ([name, value]) => [name, await filled(value)] as const),
    );
    const response = await fetch(`${web.url}/api/v1${await filled(path)}`, {
      method,
      headers: Object.fromEntries(told),
      ...(body === null ? {} : { body: await filled(body) }),
    });
    const answer = response.status === 200 ? '' : await response.text();
    expect({ method, path, status: response.status, answer }).toEqual({
      method,
      path,
      status: 200,
      answer: '',
    });
    await response.body?.cancel().catch(() => {});
  }
});

test('docs/api.md has an example of every kind of thing that the API is about', () => {
  const room = (path: string) => path.split(/[/?]/)[1] ?? '';
  const shown = new Set(examples().map(({ path }) => room(path)));
  expect([...new Set(ENDPOINTS.map(({ path }) => room(path)))].filter((one) => !shown.has(one))).toEqual([]);
});
