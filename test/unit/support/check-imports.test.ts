// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings are code
import { describe, expect, it } from 'vitest';
import { checkImports } from '../../support/check-imports.ts';

/** The rules broken by one file, as `line: rule`. */
function broken(path: string, text: string): string[] {
  return checkImports([{ path, text }]).map((violation) => `${violation.line}: ${violation.rule}`);
}

describe('the import rule', () => {
  it('lets each room know the rooms below it', () => {
    expect(
      broken(
        'src/core/plan.ts',
        "import { sha256 } from '../lib/hash.ts';\nimport { SyncError } from '../errors.ts';",
      ),
    ).toEqual([]);
    expect(
      broken('src/cli/sync.ts', "import { runCycle } from '../engine/cycle.ts';\nimport pino from 'pino';"),
    ).toEqual([]);
  });

  it('refuses an import upward, with file, line and what to do', () => {
    const [found] = checkImports([
      { path: 'src/store/links.ts', text: "\nimport {\n  a,\n} from '../engine/cycle.ts';" },
    ]);
    expect(found).toMatchObject({ path: 'src/store/links.ts', line: 2, rule: 'store imports engine' });
    expect(found?.advice).toContain('store may import lib');
  });

  it.each([
    ["import '../engine/cycle.ts';", 'a side effect'],
    ["import type { A } from '../engine/cycle.ts';", 'a type'],
    ["export { a } from '../engine/cycle.ts';", 're-exporting'],
    ["export * from '../engine/cycle.ts';", 're-exporting all'],
    ["const a = await import('../engine/cycle.ts');", 'a dynamic import'],
    [
      'import type { A } from \'../core/value.ts\'; import b, { type C } from "../engine/cycle.ts";',
      'two on a line',
    ],
  ])('sees %s (%s)', (text) => {
    expect(broken('src/store/links.ts', text)).toEqual(['1: store imports engine']);
  });

  it('lets udesk and the engine know the port, as types, and no vendor', () => {
    expect(broken('src/udesk/side.ts', "import type { Side } from '../crm/adapter.ts';")).toEqual([]);
    expect(broken('src/engine/push.ts', "import { Side } from '../crm/adapter.ts';")).toEqual([
      "1: engine imports the port's values",
    ]);
    expect(broken('src/engine/push.ts', "import type { A } from '../crm/postgres/side.ts';")).toEqual([
      '1: engine imports crm',
    ]);
    expect(broken('src/engine/push.ts', "import { sign } from '../udesk/sign.ts';")).toEqual([
      '1: engine imports udesk',
    ]);
  });

  it('refuses barrels, code outside src, and rooms that nobody drew', () => {
    expect(broken('src/core/index.ts', '')).toEqual(['1: no barrels']);
    expect(broken('src/engine/a.ts', "import { b } from '../../test/support/b.ts';")).toEqual([
      '1: src imports test/support/b.ts',
    ]);
    expect(broken('src/attic/a.ts', "import { b } from '../lib/b.ts';")).toEqual([
      '1: the room attic is not in the table',
    ]);
  });

  it('finds two rooms that import one another', () => {
    const found = checkImports([
      { path: 'src/crm/a.ts', text: "import '../http/b.ts';" },
      { path: 'src/http/b.ts', text: "import '../crm/a.ts';" },
    ]).map((violation) => violation.rule);
    expect(found).toContain('crm and http import one another');
  });
});

describe('the core', () => {
  it.each([
    ["import { readFileSync } from 'node:fs';", 'core imports node:fs'],
    ["import { hash } from 'node:crypto';", 'core imports node:crypto'],
    ["import pRetry from 'p-retry';", 'core imports the package p-retry'],
    ['export async function f() {}', 'core uses an async function'],
    ['const x = await y;', 'core uses await'],
    ['type T = Promise<string>;', 'core uses Promise'],
    ['const t = Date.now();', 'core uses the clock (Date.now)'],
    ['const t = new Date();', 'core uses the clock (new Date())'],
    ['const r = Math.random();', 'core uses randomness (Math.random)'],
    ['const e = process.env.X;', 'core uses the process'],
    ['setTimeout(f, 1);', 'core uses a timer'],
    ['const s = `a ${Date.now()} b`;', 'core uses the clock (Date.now)'],
    ['const s = /[/"]/.test(a) ? Date.now() : 0;', 'core uses the clock (Date.now)'],
  ])('is refused: %s', (text, rule) => {
    expect(broken('src/core/plan.ts', text)).toEqual([`1: ${rule}`]);
  });

  it.each([
    "// await nothing; import x from 'node:fs'",
    '/* async Date.now() */',
    "const words = 'async await Promise';",
    'const s = "😀😀😀"; // Date.now() 😀 await',
    'const words = `process.env ${a} Math.random()`;',
    'const at = new Date(text).toISOString();',
    "import { parsePhoneNumberFromString } from 'libphonenumber-js';",
    'const text = "import x from \'node:fs\'";',
  ])('may say: %s', (text) => {
    expect(broken('src/core/plan.ts', text)).toEqual([]);
  });

  it('is the only room of which that is asked', () => {
    expect(
      broken(
        'src/engine/push.ts',
        "import { setTimeout } from 'node:timers/promises';\nawait setTimeout(Date.now());",
      ),
    ).toEqual([]);
  });
});
