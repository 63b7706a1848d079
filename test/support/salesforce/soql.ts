/**
 * The part of SOQL that the tests speak: SELECT fields or COUNT() FROM object WHERE … ORDER BY … LIMIT … OFFSET.
 * "SOQL SELECT Syntax", "Comparison Operators", "Quoted String Escape Sequences" and "Date Formats and Date Literals" in
 * the vendor's SOQL and SOSL Reference. Whatever is not of this form is MALFORMED_QUERY, as there.
 */

export type SfValue = string | number | boolean | null;
export type SfRow = Record<string, SfValue>;

export class SfError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: readonly string[];
  readonly more: Readonly<Record<string, unknown>>;
  constructor(
    status: number,
    code: string,
    message: string,
    fields: readonly string[] = [],
    more: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.more = more;
  }
}

type Literal = { readonly kind: 'text' | 'time' | 'plain'; readonly value: SfValue };
type Test =
  | { readonly op: 'and' | 'or'; readonly all: readonly Test[] }
  | { readonly op: 'not'; readonly test: Test }
  | { readonly op: string; readonly field: string; readonly values: readonly Literal[] };

export interface SfQuery {
  /** Null: COUNT(). */
  readonly select: readonly string[] | null;
  readonly from: string;
  readonly where: Test | null;
  readonly orderBy: readonly { readonly field: string; readonly descending: boolean }[];
  readonly limit: number | null;
  readonly offset: number;
}

type Token = { readonly kind: 'word' | 'text' | 'sign'; readonly text: string };

const malformed = (why: string): SfError => new SfError(400, 'MALFORMED_QUERY', why);

function tokens(soql: string): Token[] {
  const found: Token[] = [];
  const pattern =
    /\s*(?:'((?:[^'\\]|\\[\s\S])*)'|([A-Za-z_][\w.]*(?:\(\))?|[+-]?\d[\w.:+-]*)|(<=|>=|!=|<>|[=<>(),]))/y;
  for (let at = 0; soql.slice(at).trim() !== ''; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(soql);
    if (match === null) throw malformed(`unexpected token at position ${at}`);
    if (match[1] !== undefined) found.push({ kind: 'text', text: match[1] });
    else if (match[2] !== undefined) found.push({ kind: 'word', text: match[2] });
    else found.push({ kind: 'sign', text: match[3] ?? '' });
  }
  return found;
}

/** A bad escape is an error, as it is there. In LIKE `\_` and `\%` stay as they are: the pattern reads them. */
function unescaped(text: string, like: boolean): string {
  const plain: Readonly<Record<string, string>> = {
    n: '\n',
    r: '\r',
    t: '\t',
    b: '\b',
    f: '\f',
    '"': '"',
    "'": "'",
  };
  return text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_, sequence: string) => {
    if (sequence.length === 5) return String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
    if (sequence === '\\') return like ? '\\\\' : '\\';
    if (like && (sequence === '_' || sequence === '%')) return `\\${sequence}`;
    const known = plain[sequence] ?? plain[sequence.toLowerCase()];
    if (known === undefined) throw malformed(`invalid escape \\${sequence}`);
    return known;
  });
}

export function parseSoql(soql: string): SfQuery {
  const list = tokens(soql);
  let at = 0;
  const peek = (): Token | undefined => list[at];
  const isWord = (word: string): boolean =>
    peek()?.kind === 'word' && peek()?.text.toUpperCase() === word.toUpperCase();
  const isSign = (sign: string): boolean => peek()?.kind === 'sign' && peek()?.text === sign;
  const next = (what: string): Token => {
    const token = list[at++];
    if (token === undefined) throw malformed(`unexpected end, expecting ${what}`);
    return token;
  };
  const word = (expected?: string): string => {
    const token = next(expected ?? 'a name');
    if (token.kind !== 'word' || (expected !== undefined && token.text.toUpperCase() !== expected))
      throw malformed(`unexpected token: '${token.text}'`);
    return token.text;
  };
  const sign = (expected: string): void => {
    const token = next(expected);
    if (token.kind !== 'sign' || token.text !== expected)
      throw malformed(`unexpected token: '${token.text}'`);
  };

  function literal(like: boolean): Literal {
    const token = next('a value');
    if (token.kind === 'text') return { kind: 'text', value: unescaped(token.text, like) };
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(token.text)) {
      // Fractions of a second are not stored, and not compared.
      return { kind: 'time', value: Math.floor(Date.parse(token.text) / 1000) * 1000 };
    }
    const lower = token.text.toLowerCase();
    if (lower === 'null') return { kind: 'plain', value: null };
    if (lower === 'true' || lower === 'false') return { kind: 'plain', value: lower === 'true' };
    if (/^[+-]?\d+(\.\d+)?$/.test(token.text)) return { kind: 'plain', value: Number(token.text) };
    throw malformed(`unexpected token: '${token.text}'`);
  }

  function comparison(): Test {
    if (isSign('(')) {
      at += 1;
      const inner = any();
      sign(')');
      return inner;
    }
    if (isWord('NOT')) {
      at += 1;
      return { op: 'not', test: comparison() };
    }
    const field = word();
    const token = next('an operator');
    const op = token.text.toUpperCase();
    if (op === 'IN') {
      sign('(');
      const values = [literal(false)];
      while (isSign(',')) {
        at += 1;
        values.push(literal(false));
      }
      sign(')');
      return { op, field, values };
    }
    if (!['=', '!=', '<>', '<', '<=', '>', '>=', 'LIKE'].includes(op))
      throw malformed(`unexpected token: '${op}'`);
    return { op, field, values: [literal(op === 'LIKE')] };
  }

  /** AND and OR on one level need brackets, as there. */
  function any(): Test {
    const all = [comparison()];
    const op = isWord('OR') ? 'or' : 'and';
    while (isWord(op)) {
      at += 1;
      all.push(comparison());
    }
    if (isWord('AND') || isWord('OR')) throw malformed('AND and OR need brackets');
    return all.length === 1 ? (all[0] as Test) : { op, all };
  }

  word('SELECT');
  const names = [word()];
  while (isSign(',')) {
    at += 1;
    names.push(word());
  }
  word('FROM');
  const from = word();
  let where: Test | null = null;
  if (isWord('WHERE')) {
    at += 1;
    where = any();
  }
  const orderBy: { field: string; descending: boolean }[] = [];
  if (isWord('ORDER')) {
    at += 1;
    word('BY');
    do {
      if (isSign(',')) at += 1;
      const field = word();
      const descending = isWord('DESC');
      if (descending || isWord('ASC')) at += 1;
      orderBy.push({ field, descending });
    } while (isSign(','));
  }
  let limit: number | null = null;
  if (isWord('LIMIT')) {
    at += 1;
    limit = Number(word());
  }
  let offset = 0;
  if (isWord('OFFSET')) {
    at += 1;
    offset = Number(word());
    if (offset > 2_000)
      throw new SfError(400, 'NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset allowed is 2000');
  }
  if (at < list.length) throw malformed(`unexpected token: '${peek()?.text}'`);
  const count = names.length === 1 && names[0]?.toUpperCase() === 'COUNT()';
  return { select: count ? null : names, from, where, orderBy, limit, offset };
}

/** Names that stand in the query, for the check that they exist. */
export function namesIn(query: SfQuery): { readonly all: string[]; readonly filtered: string[] } {
  const filtered: string[] = [];
  const walk = (test: Test | null): void => {
    if (test === null) return;
    if ('all' in test) test.all.forEach(walk);
    else if ('test' in test) walk(test.test);
    else filtered.push(test.field);
  };
  walk(query.where);
  return {
    all: [...(query.select ?? []), ...filtered, ...query.orderBy.map(({ field }) => field)],
    filtered,
  };
}

/** Rows that pass, in order; times are kept as milliseconds, cut to the second. */
export function select(query: SfQuery, rows: readonly SfRow[]): SfRow[] {
  const found = rows.filter((row) => query.where === null || passes(query.where, row));
  for (const { field, descending } of [...query.orderBy].reverse()) {
    found.sort((a, b) => compare(a[field] ?? null, b[field] ?? null) * (descending ? -1 : 1));
  }
  return found.slice(query.offset, query.limit === null ? undefined : query.offset + query.limit);
}

function passes(test: Test, row: SfRow): boolean {
  if ('all' in test)
    return test.op === 'and'
      ? test.all.every((one) => passes(one, row))
      : test.all.some((one) => passes(one, row));
  if ('test' in test) return !passes(test.test, row);
  const held = row[test.field] ?? null;
  const [first] = test.values;
  const value = first?.value ?? null;
  switch (test.op) {
    case 'IN':
      return test.values.some((one) => same(held, one.value, test.field));
    case '=':
      return same(held, value, test.field);
    case '!=':
    case '<>':
      return !same(held, value, test.field);
    case 'LIKE':
      return typeof held === 'string' && likePattern(String(value)).test(held);
    default: {
      if (held === null || value === null) return false;
      const order = compare(held, value);
      return test.op === '<'
        ? order < 0
        : test.op === '<='
          ? order <= 0
          : test.op === '>'
            ? order > 0
            : order >= 0;
    }
  }
}

/** Texts are equal in any case ("Comparison Operators": comparisons of strings are case-insensitive); ids are not. */
function same(held: SfValue, value: SfValue, field: string): boolean {
  if (typeof held !== 'string' || typeof value !== 'string' || /Id$/.test(field)) return held === value;
  return held.toLowerCase() === value.toLowerCase();
}

function compare(a: SfValue, b: SfValue): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

function likePattern(pattern: string): RegExp {
  const source = pattern.replace(/\\([\s\S])|[%_]|[^\\%_]/g, (part, escaped?: string) => {
    if (escaped !== undefined) return escaped.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
    if (part === '%') return '[\\s\\S]*';
    return part === '_' ? '[\\s\\S]' : part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 'i');
}
