/**
 * Says what is wrong with a configuration so that a person can mend it at once: where, what, what is allowed, and
 * what was probably meant. Values of the file never appear here, except a mistyped choice (`policy: unoin`).
 */
import type { z } from 'zod';
import { closest } from '../lib/suggest.ts';

export type Path = readonly PropertyKey[];

export interface Problem {
  readonly path: Path;
  readonly message: string;
}

interface Scope {
  readonly schema: z.core.$ZodType | null;
  readonly data: unknown;
  /** Where the schema's data stands in the file. */
  readonly prefix: Path;
  /** False for a place whose value came from the environment: it may be a secret. */
  readonly mayQuote: (path: Path) => boolean;
}

/** One problem per slip, in the order of the file as far as zod keeps it. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], scope: Scope): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, scope));
}

/** `pairs[0].fields[2].policy`, `crm.columns["full name"]`; the whole file is `(file)`. */
export function formatPath(path: Path): string {
  let out = '';
  for (const key of path) {
    if (typeof key === 'number') out += `[${key}]`;
    else if (/^[\w-]+$/.test(String(key))) out += out === '' ? String(key) : `.${String(key)}`;
    else out += `[${JSON.stringify(String(key))}]`;
  }
  return out === '' ? '(file)' : out;
}

function problemsOfIssue(issue: z.core.$ZodIssue, scope: Scope): Problem[] {
  const path = [...scope.prefix, ...issue.path];
  const input = valueAt(scope.data, issue.path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysOf(schemaAt(scope.schema, issue.path));
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, known) }));
    }
    case 'invalid_union':
      return unionProblems(issue, scope);
    case 'invalid_value': {
      if (input === undefined) return [{ path, message: `is missing. ${allowedText(issue.values)}` }];
      return [{ path, message: wrongChoice(input, issue.values, scope.mayQuote(path)) }];
    }
    case 'invalid_type':
      if (input === undefined) return [{ path, message: 'is missing' }];
      return [{ path, message: `must be ${typeName(issue.expected)}, but is ${nameOfType(input)}` }];
    case 'too_small':
    case 'too_big':
      return [{ path, message: limitText(issue) }];
    case 'custom':
      return [{ path, message: scope.mayQuote(path) ? issue.message : 'is not valid' }];
    default:
      return [{ path, message: issue.message }];
  }
}

/** Of a choice between shapes, the problems of the one that was nearest to what the file says. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, scope: Scope): Problem[] {
  const path = [...scope.prefix, ...issue.path];
  const input = valueAt(scope.data, issue.path);
  if (input === undefined) return [{ path, message: 'is missing' }];
  const options = optionsOf(schemaAt(scope.schema, issue.path));
  const misses = (issues: readonly z.core.$ZodIssue[]) =>
    issues.some((one) => one.path.length === 0 && one.code === 'invalid_type');
  let best = -1;
  issue.errors.forEach((issues, index) => {
    if (misses(issues)) return;
    if (best < 0 || issues.length < (issue.errors[best]?.length ?? 0)) best = index;
  });
  const nearest = issue.errors[best];
  if (nearest !== undefined) {
    return problemsOf(nearest, { ...scope, schema: options[best] ?? null, data: input, prefix: path });
  }
  const expected = issue.errors.flatMap((issues) =>
    issues.flatMap((one) => (one.code === 'invalid_type' ? [typeName(one.expected)] : [])),
  );
  return [{ path, message: `must be ${[...new Set(expected)].join(' or ')}, but is ${nameOfType(input)}` }];
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = closest(key, known);
  if (near !== null) return `is not a known key. Did you mean "${near}"?`;
  return known.length === 0 ? 'is not a known key' : `is not a known key. Allowed here: ${known.join(', ')}`;
}

function wrongChoice(input: unknown, values: readonly unknown[], mayQuote: boolean): string {
  const quotable = mayQuote && typeof input === 'string' && input.length <= 40;
  const said = quotable ? `"${input}" is not allowed.` : 'is not one of the allowed values.';
  const near = typeof input === 'string' ? closest(input, values.map(String)) : null;
  return `${said}${near === null ? '' : ` Did you mean "${near}"?`} ${allowedText(values)}`;
}

function allowedText(values: readonly unknown[]): string {
  return `Allowed: ${values.map(String).join(', ')}`;
}

function limitText(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const limit = issue.code === 'too_small' ? issue.minimum : issue.maximum;
  const bound = `${issue.code === 'too_small' ? 'at least' : 'at most'} ${limit}`;
  if (issue.origin === 'string') return limit === 1 ? 'must not be empty' : `must have ${bound} characters`;
  if (issue.origin === 'array')
    return limit === 1 ? 'must have at least one entry' : `must have ${bound} entries`;
  return `must be ${bound}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a block of keys',
  record: 'a block of keys',
};

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function nameOfType(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a number with a fraction';
  return typeName(typeof value);
}

function valueAt(data: unknown, path: Path): unknown {
  let current = data;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

interface AnyDef {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly out?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
}

/** The definition below defaults, optionals and pipes. */
function unwrap(schema: z.core.$ZodType | null): AnyDef | null {
  let def = schema === null ? null : (schema._zod.def as AnyDef);
  for (let depth = 0; def !== null && depth < 20; depth++) {
    const inner: z.core.$ZodType | undefined =
      def.innerType ?? (def.type === 'pipe' ? (isTransform(def.in) ? def.out : def.in) : undefined);
    if (inner === undefined) return def;
    def = inner._zod.def as AnyDef;
  }
  return def;
}

function isTransform(schema: z.core.$ZodType | undefined): boolean {
  return (schema?._zod.def as AnyDef | undefined)?.type === 'transform';
}

function schemaAt(schema: z.core.$ZodType | null, path: Path): z.core.$ZodType | null {
  let current = schema;
  for (const key of path) {
    const def = unwrap(current);
    current = def?.shape?.[String(key)] ?? def?.element ?? def?.valueType ?? null;
  }
  return current;
}

function optionsOf(schema: z.core.$ZodType | null): readonly z.core.$ZodType[] {
  return unwrap(schema)?.options ?? [];
}

function keysOf(schema: z.core.$ZodType | null): readonly string[] {
  const def = unwrap(schema);
  if (def?.options !== undefined) return def.options.flatMap((option) => keysOf(option));
  return Object.keys(def?.shape ?? {});
}
