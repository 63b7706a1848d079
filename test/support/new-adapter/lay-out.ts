/** The files of a new adapter: they compile, and the conformance suite fails on them with what is left to write. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface LaidOut {
  /** Path below the repository → text. */
  readonly files: Readonly<Record<string, string>>;
  /** What a person does next, line by line. */
  readonly next: readonly string[];
}

const TEMPLATE = join(import.meta.dirname, 'template');
const PARTS = ['adapter', 'api', 'config', 'manifest', 'missing', 'observe', 'write'];

/** @throws Error where the name is no name of a folder and a config value, with what to write instead */
export function layOut(name: string): LaidOut {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40) {
    throw new Error(
      `${JSON.stringify(name)} is no name for an adapter: use small letters, digits and single hyphens, a letter first, as in acme-crm.`,
    );
  }
  const camel = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const fill = (part: string): string =>
    readFileSync(join(TEMPLATE, `${part}.ts.txt`), 'utf8')
      .replaceAll('__name__', name)
      .replaceAll('__camel__', camel);
  const own = PARTS.map((part) => [`src/crm/${name}/${part}.ts`, fill(part)] as const);
  return {
    files: {
      ...Object.fromEntries(own),
      [`test/conformance/${name}-harness.ts`]: fill('harness'),
      [`test/conformance/${name}.conf.test.ts`]: importsInOrder(fill('conf.test')),
    },
    next: [
      'Follow docs/adapters.md from step 2. What is left to write is what the suite says:',
      `  npx vitest run --config config/vitest.config.ts --project conformance test/conformance/${name}.conf.test.ts`,
      'When it passes, list the adapter in src/crm/registry.ts:',
      `  import { ${camel}Adapter } from './${name}/adapter.ts';`,
      `  [${camel}Adapter.name]: ${camel}Adapter,`,
    ],
  };
}

/** Writes all of the files, or none. @throws Error where one of them, or the adapter's folder, is there already */
export function writeAdapter(name: string, root: string): LaidOut {
  const laid = layOut(name);
  for (const needed of ['src/crm/adapter.ts', 'test/conformance/suite.ts']) {
    if (!existsSync(join(root, needed)))
      throw new Error(`${root} is not a copy of udesk-sync: ${needed} is missing.`);
  }
  const there = [`src/crm/${name}`, ...Object.keys(laid.files)].find((path) => existsSync(join(root, path)));
  if (there !== undefined) throw new Error(`${there} is there already; nothing was written.`);
  for (const [path, text] of Object.entries(laid.files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { flag: 'wx' });
  }
  return laid;
}

/** As the checks want them; which comes first depends on the name. */
function importsInOrder(text: string): string {
  const [imports = '', rest = ''] = text.split('\n\n');
  const path = (line: string): string => line.split(' from ')[1] ?? '';
  const sorted = imports.split('\n').sort((a, b) => (path(a) < path(b) ? -1 : 1));
  return `${sorted.join('\n')}\n\n${rest}`;
}
