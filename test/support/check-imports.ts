/**
 * The import rule of docs/architecture.md: which folder may know which, and that the core never waits.
 * Run by `npm run check:static`; prints file:line, the rule and what to do, and fails.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeOnly } from './source-text.ts';

export interface SourceFile {
  /** Below the repository, with forward slashes: src/core/plan.ts. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly advice: string;
}

const PORT = 'src/crm/adapter.ts';

/** Room → the rooms that it may import. A room is a folder below src, or a file right in src. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  lib: ['errors.ts'],
  core: ['lib', 'errors.ts'],
  config: ['lib', 'errors.ts', 'core'],
  http: ['lib', 'errors.ts', 'core'],
  store: ['lib', 'errors.ts', 'core'],
  udesk: ['lib', 'errors.ts', 'core', 'http'],
  crm: ['lib', 'errors.ts', 'core', 'http'],
  simulator: ['lib', 'errors.ts'],
  engine: ['lib', 'errors.ts', 'core', 'config', 'store'],
  daemon: ['lib', 'errors.ts', 'core', 'config', 'store', 'engine'],
  report: ['lib', 'errors.ts', 'core', 'config', 'store', 'engine'],
  web: ['lib', 'errors.ts', 'core', 'config', 'store', 'engine', 'report'],
  cli: 'lib errors.ts core config http udesk crm store engine daemon web report simulator'.split(' '),
  demo: 'lib errors.ts core config http udesk crm store engine daemon web report simulator cli'.split(' '),
  'main.ts': 'lib errors.ts core config http udesk crm store engine daemon web report simulator cli'.split(
    ' ',
  ),
  'bin.mjs': ['main.ts'],
};

/** Rooms that may import the port (types only), though not the rest of crm/. */
const KNOWS_PORT = new Set(['udesk', 'store', 'engine', 'daemon', 'report', 'web']);

/** What the core may load from outside; all of these compute and nothing else. */
const CORE_PACKAGES = new Set([
  'libphonenumber-js',
  'libphonenumber-js/min',
  'libphonenumber-js/max',
  'fastest-levenshtein',
  // Every call names its zone and locale: nothing comes from the machine or the moment.
  'luxon',
]);
/** The one place through which the core reaches a node: module (a digest computes, too). */
const CORE_LIB_WITH_NODE = 'src/lib/hash.ts';

const CORE_FORBIDDEN: readonly (readonly [pattern: RegExp, what: string, advice: string])[] = [
  [/\basync\b/g, 'an async function', 'do the waiting in engine/ and pass its result in'],
  [/\bawait\b/g, 'await', 'do the waiting in engine/ and pass its result in'],
  [/\bPromise\b/g, 'Promise', 'do the waiting in engine/ and pass its result in'],
  [/\bDate\s*\.\s*now\b/g, 'the clock (Date.now)', 'take the time as an argument'],
  [/\bnew\s+Date\s*\(\s*\)/g, 'the clock (new Date())', 'take the time as an argument'],
  [/\bperformance\s*\./g, 'the clock (performance)', 'take the time as an argument'],
  [/\bMath\s*\.\s*random\b/g, 'randomness (Math.random)', 'take the random value as an argument'],
  [/\bcrypto\s*\./g, 'randomness (crypto)', 'take the id as an argument; digests are in src/lib/hash.ts'],
  [/\bprocess\s*\./g, 'the process', 'take what you need from the configuration as an argument'],
  [/\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/g, 'a timer', 'wait in engine/'],
  [/\bfetch\s*\(/g, 'the network (fetch)', 'fetch in an adapter and pass the result in'],
  [/\bconsole\s*\./g, 'output (console)', 'return what there is to say'],
];

/** All violations in these files; they are judged together, because a cycle needs more than one. */
export function checkImports(files: readonly SourceFile[]): Violation[] {
  const edges = new Map<string, Map<string, { readonly path: string; readonly line: number }>>();
  const violations: Violation[] = [];
  for (const file of files) {
    const code = codeOnly(file.text);
    if (/\/index\.\w+$/.test(file.path)) {
      violations.push({
        path: file.path,
        line: 1,
        rule: 'no barrels',
        advice: 'name the file after the one thing in it',
      });
    }
    for (const found of importsOf(code)) {
      const violation = checkImport(file.path, found);
      if (violation !== null) violations.push(violation);
      const [from, to] = [roomOf(file.path), roomOf(targetOf(file.path, found.specifier))];
      const isPort = found.typeOnly && targetOf(file.path, found.specifier) === PORT;
      if (from === null || to === null || from === to || isPort) continue;
      const known = edges.get(from) ?? new Map();
      if (!known.has(to)) known.set(to, { path: file.path, line: found.line });
      edges.set(from, known);
    }
    if (roomOf(file.path) === 'core') violations.push(...checkCore(file.path, code.bare));
  }
  return [...violations, ...cycles(edges)];
}

interface FoundImport {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

/** Static, re-exporting, side-effect and dynamic imports. Works on text without comments. */
function importsOf(code: { readonly withStrings: string; readonly bare: string }): FoundImport[] {
  const pattern =
    /\b(?:import|export)\s+(type\s)?[^;'"`()=]*?\bfrom\s*(['"])(.+?)\2|\bimport\s*\(?\s*(['"`])(.+?)\4/g;
  return [...code.withStrings.matchAll(pattern)]
    .filter((match) => /^(import|export)/.test(code.bare.slice(match.index)))
    .map((match) => ({
      specifier: match[3] ?? match[5] ?? '',
      line: lineAt(code.withStrings, match.index),
      typeOnly: match[1] !== undefined,
    }));
}

function checkImport(path: string, found: FoundImport): Violation | null {
  const from = roomOf(path);
  const target = targetOf(path, found.specifier);
  if (from === null) return null;
  const broken = (rule: string, advice: string) => ({ path, line: found.line, rule, advice });
  if (target === null) {
    if (from !== 'core' || CORE_PACKAGES.has(found.specifier)) return null;
    return found.specifier.startsWith('node:')
      ? broken(
          `core imports ${found.specifier}`,
          `core is pure; a digest is in ${CORE_LIB_WITH_NODE}, all else comes in as an argument`,
        )
      : broken(
          `core imports the package ${found.specifier}`,
          `core may load only ${[...CORE_PACKAGES].join(', ')}`,
        );
  }
  const to = roomOf(target);
  if (to === null)
    return broken(
      `src imports ${target}`,
      'src must run without the rest of the repository; move the code into src',
    );
  if (ALLOWED[from] === undefined)
    return broken(
      `the room ${from} is not in the table`,
      'add it to ALLOWED in test/support/check-imports.ts and to docs/architecture.md',
    );
  if (from === to || ALLOWED[from].includes(to)) return null;
  if (target === PORT && KNOWS_PORT.has(from)) {
    return found.typeOnly
      ? null
      : broken(`${from} imports the port's values`, 'the port has types only: use import type');
  }
  return broken(
    `${from} imports ${to}`,
    `${from} may import ${ALLOWED[from].join(', ') || 'nothing of src'}; pass it in as an argument, or move the code`,
  );
}

function checkCore(path: string, bare: string): Violation[] {
  return CORE_FORBIDDEN.flatMap(([pattern, what, advice]) =>
    [...bare.matchAll(pattern)].map((match) => ({
      path,
      line: lineAt(bare, match.index),
      rule: `core uses ${what}`,
      advice,
    })),
  );
}

type Edges = ReadonlyMap<string, ReadonlyMap<string, { readonly path: string; readonly line: number }>>;

/** Each pair of rooms that can reach one another, reported once, where the first import of the way stands. */
function cycles(edges: Edges): Violation[] {
  const reach = (from: string, to: string, seen: Set<string>): boolean => {
    for (const next of edges.get(from)?.keys() ?? []) {
      if (next === to) return true;
      if (!seen.has(next) && reach(next, to, seen.add(next))) return true;
    }
    return false;
  };
  return [...edges].flatMap(([from, targets]) =>
    [...targets].flatMap(([to, where]) =>
      from < to && reach(to, from, new Set())
        ? [
            {
              ...where,
              rule: `${from} and ${to} import one another`,
              advice: 'move what both need into a lower room',
            },
          ]
        : [],
    ),
  );
}

/** Path of what a relative specifier names; null for packages and node: modules. */
function targetOf(path: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return relative('/', resolve('/', dirname(path), specifier))
    .split(sep)
    .join('/');
}

/** `core` for src/core/x/y.ts, `main.ts` for src/main.ts; null outside src. */
function roomOf(path: string | null): string | null {
  return path === null ? null : (/^src\/([^/]+)/.exec(path)?.[1] ?? null);
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function main(): number {
  const root = join(import.meta.dirname, '../..');
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?ts$|\.mjs$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }));
  const violations = checkImports(files);
  for (const { path, line, rule, advice } of violations)
    console.error(`${path}:${line}: ${rule}. ${advice}.`);
  console.log(`imports: ${files.length} files, ${violations.length} violations`);
  return violations.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = main();
