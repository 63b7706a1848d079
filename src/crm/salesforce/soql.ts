/** Queries in SOQL. Pure. Names come from the config (checked there) and from us; values only through `literal`. */
import { SyncError } from '../../errors.ts';

/**
 * A text in a query, so that nothing in it can end the text ("Reserved Characters", "Quoted String Escape Sequences" in the
 * vendor's SOQL reference).
 * @throws SyncError `rejected` for half a surrogate pair, which no request can carry
 */
export function literal(text: string): string {
  if (!text.isWellFormed())
    throw new SyncError('rejected', 'a text that is no valid Unicode', { side: 'crm' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  const escaped = text.replace(/[\\'"\u0000-\u001f\u007f]/g, (character) => {
    if (character === '\\' || character === "'" || character === '"') return `\\${character}`;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `'${escaped}'`;
}

/** How many digits of a number are looked for: a country code or a trunk prefix before them does not matter. */
const PHONE_END = 7;

/** A LIKE pattern that finds the end of a number in any writing: `%` stands for what people put between the digits. */
export function likeEnd(digits: string): string {
  return literal(`%${[...digits.slice(-PHONE_END)].join('%')}%`);
}

/** Times are whole seconds there, and fractions are not compared. */
export function timeLiteral(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

export interface QueryParts {
  readonly select: readonly string[];
  readonly from: string;
  /** Joined by AND. */
  readonly where?: readonly string[];
  readonly orderBy?: string;
  readonly limit?: number;
}

export function queryText({ select, from, where = [], orderBy, limit }: QueryParts): string {
  return [
    `SELECT ${select.join(', ')} FROM ${from}`,
    ...(where.length === 0 ? [] : [`WHERE ${where.join(' AND ')}`]),
    ...(orderBy === undefined ? [] : [`ORDER BY ${orderBy}`]),
    ...(limit === undefined ? [] : [`LIMIT ${limit}`]),
  ].join(' ');
}
