/**
 * SQL as text and parameters, put together without a value ever becoming text (no injection by construction).
 *
 * Names are quoted here and not by postgres.js, which splits a quoted name at every dot: a column `a.b` would
 * become `"a"."b"`. Every parameter is sent as `text` and cast in SQL, so that the driver neither guesses a type
 * nor turns a timestamp into a JavaScript date (which would lose its microseconds).
 */
import { SyncError } from '../../errors.ts';

export interface Sql {
  /** One more than there are values, which stand between them. */
  readonly pieces: readonly string[];
  readonly values: readonly (string | null)[];
}

type Part = Sql | string | number | null;

/** A piece of SQL. Interpolated pieces are spliced in; anything else becomes a parameter. */
export function sql(strings: TemplateStringsArray, ...parts: readonly Part[]): Sql {
  const pieces: string[] = [strings[0] ?? ''];
  const values: (string | null)[] = [];
  const append = (text: string): void => void pieces.push((pieces.pop() ?? '') + text);
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'object' && part !== null) {
      append(part.pieces[0] ?? '');
      pieces.push(...part.pieces.slice(1));
      values.push(...part.values);
    } else {
      values.push(part === null ? null : String(part));
      pieces.push('');
    }
    append(strings[index + 1] ?? '');
  }
  return { pieces, values };
}

/** The statement as Postgres takes it. */
export function render({ pieces }: Sql): string {
  return pieces.reduce((text, piece, index) => `${text}$${index}::text${piece}`);
}

export function join(parts: readonly Sql[], separator: string): Sql {
  return parts.reduce(
    (all, part, index) => (index === 0 ? part : sql`${all}${raw(separator)}${part}`),
    raw(''),
  );
}

/** SQL text of our own making. Never for anything that came from outside. */
export function raw(text: string): Sql {
  return { pieces: [text], values: [] };
}

/** One quoted name. */
export function name(identifier: string): Sql {
  return raw(quoteName(identifier));
}

export function quoteName(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/**
 * Reads a table's name as Postgres would: `contact`, `crm.contact`, `"My Schema"."Table"`.
 * Unquoted parts fold to lower case. Returns the parts, the last one being the table.
 */
export function parseTableName(text: string): readonly string[] {
  const part = /\s*(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))\s*/uy;
  const parts: string[] = [];
  for (let index = 0; ; index++) {
    part.lastIndex = index;
    const match = part.exec(text);
    if (match === null) break;
    parts.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').toLowerCase());
    index = part.lastIndex;
    if (index === text.length) return parts.length > 2 ? fail(text) : parts;
    if (text[index] !== '.') break;
  }
  return fail(text);
}

function fail(text: string): never {
  throw new SyncError('config', `${JSON.stringify(text)} is not the name of a table`, {
    advice: 'write table, schema.table, or "Quoted Schema"."Quoted Table"',
  });
}
