/** Fills `${NAME}` in from the environment, or from the file that `NAME_FILE` names, so that secrets need not stand in the file. */
import type { Path, Problem } from './problems.ts';
import type { ConfigWarning } from './schema.ts';
import { readVariable, type SecretFiles, type Variable } from './secret-files.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface Expanded {
  readonly data: unknown;
  /** Variables that are not set, files of them that cannot be used, and `${` that is never closed. */
  readonly problems: readonly Problem[];
  /** Files of secrets that others can read; once per file. */
  readonly warnings: readonly ConfigWarning[];
  /** Whether the value at the path came from the environment, wholly or in part. */
  cameFromEnv(path: Path): boolean;
}

/**
 * Expands string values only, never keys or other types, after the YAML was parsed: a value can hold any character.
 * `${NAME}` must be set and not empty · `${NAME:-text}` has a default · `$${` is a literal `${` ·
 * a key whose whole value becomes empty through `${NAME:-}` counts as left out.
 */
export function expandEnv(data: unknown, env: Env, files: SecretFiles): Expanded {
  const problems: Problem[] = [];
  const fromEnv = new Set<string>();
  const warnings = new Map<string, ConfigWarning>();
  const variable = (name: string): Variable => {
    const read = readVariable(name, env, files);
    if (read.warning !== null) warnings.set(read.warning.message, read.warning);
    return read;
  };

  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') {
      if (!value.includes('${')) return value;
      const expanded = expandText(value, variable, (message) => problems.push({ path, message }));
      if (expanded.used) fromEnv.add(JSON.stringify(path));
      return expanded.text;
    }
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    const out: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value)) {
      const walked = walk(member, [...path, key]);
      if (walked === '' && member !== '') continue;
      out[key] = walked;
    }
    return out;
  };

  const walked = walk(data, []);
  return {
    data: walked,
    problems,
    warnings: [...warnings.values()],
    cameFromEnv: (path) => fromEnv.has(JSON.stringify(path)),
  };
}

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

function expandText(
  source: string,
  variable: (name: string) => Variable,
  report: (message: string) => void,
): { readonly text: string; readonly used: boolean } {
  let used = false;
  const text = source.replace(REFERENCE, (whole, name: string | undefined, fallback: string | undefined) => {
    if (whole === '$${') return '${';
    if (name === undefined) {
      report(
        `has a "\${" that is not a reference; write \${NAME} or \${NAME:-default}, or $\${ for the characters themselves`,
      );
      return 'invalid';
    }
    used = true;
    const { value, problem } = variable(name);
    if (value !== null) return value;
    if (problem !== null) {
      report(problem);
      return 'unusable';
    }
    if (fallback !== undefined) return fallback;
    report(`needs the environment variable ${name}, which is not set (or is empty), or ${name}_FILE`);
    return 'missing';
  });
  return { text, used };
}
