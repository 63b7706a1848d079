/** What of the configuration is secret, and a copy of it that may be shown. Works for any adapter's block, by key name and address. */
import type { Config } from './schema.ts';

const SECRET_KEY = /token|password|secret|api_?key|authorization|credential/i;
/** Shorter values would black out ordinary words in every line. */
const SHORTEST = 4;

/** Every secret value, in the forms in which it could turn up in a text (plain and percent-encoded), longest first. */
export function secretsOf(config: Config): string[] {
  const found = new Set<string>();
  const add = (value: string) => {
    if (value.length < SHORTEST) return;
    found.add(value);
    found.add(encodeURIComponent(value));
  };
  visitStrings(config, [], (value, path) => {
    if (isSecretPath(path)) add(value);
    const url = addressOf(value);
    if (url === null) return;
    if (url.password !== '') {
      found.add(value);
      add(decodeURIComponent(url.password));
    }
    if (isAlert(path)) found.add(value);
  });
  return [...found].sort((a, b) => b.length - a.length);
}

/** The configuration as plain data without secrets, for `check --json` and the log of a start. */
export function describeConfig(config: Config): unknown {
  return mapStrings(config, [], (value, path) => {
    if (isSecretPath(path)) return '***';
    const url = addressOf(value);
    if (url === null) return value;
    if (isAlert(path)) return `${url.origin}/***`;
    return url.password === '' ? value : value.replace(/:\/\/.*@/, `://${url.username}:***@`);
  });
}

type Keys = readonly string[];

/** `match.by: [token]` and a mapped field called token are names, not secrets: only the key right above counts. */
function isSecretPath(path: Keys): boolean {
  return SECRET_KEY.test(path.at(-1) ?? '') && !path.includes('columns') && !path.includes('map');
}

/** The address of an alert often is its own password. */
function isAlert(path: Keys): boolean {
  return path[0] === 'alerts' && path.at(-1) === 'url';
}

function addressOf(value: string): URL | null {
  return value.includes('://') && URL.canParse(value) ? new URL(value) : null;
}

function visitStrings(value: unknown, path: Keys, visit: (value: string, path: Keys) => void): void {
  mapStrings(value, path, (text, at) => {
    visit(text, at);
    return text;
  });
}

function mapStrings(value: unknown, path: Keys, change: (value: string, path: Keys) => string): unknown {
  if (typeof value === 'string') return change(value, path);
  if (Array.isArray(value))
    return value.map((item, index) => mapStrings(item, [...path, String(index)], change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, mapStrings(member, [...path, key], change)]),
  );
}
