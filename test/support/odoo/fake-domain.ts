/** Search domains over rows in memory, as far as the adapter uses them. Pure. */
export type FakeRow = Readonly<Record<string, unknown>>;

/** Members without an operator are joined by and; `|` and `&` take the two members after them, `!` takes one. */
export function matches(domain: readonly unknown[], row: FakeRow): boolean {
  let at = 0;
  const next = (): boolean => {
    const item = domain[at++];
    if (item === '!') return !next();
    if (item === '|' || item === '&') {
      const [left, right] = [next(), next()];
      return item === '|' ? left || right : left && right;
    }
    const [field, operator, value] = item as [string, string, unknown];
    return compare(row[field] ?? false, operator, value);
  };
  let all = true;
  while (at < domain.length) all = next() && all;
  return all;
}

function compare(held: unknown, operator: string, value: unknown): boolean {
  switch (operator) {
    case '=':
      return held === value;
    case '!=':
      return held !== value;
    case 'in':
      return (value as unknown[]).includes(held);
    case 'not in':
      return !(value as unknown[]).includes(held);
    case '>':
      return held !== false && (held as string) > (value as string);
    case '>=':
      return held !== false && (held as string) >= (value as string);
    case 'ilike':
      return typeof held === 'string' && like(String(value)).test(held);
    default:
      throw new Error(`the fake knows no operator ${operator}`);
  }
}

/** `%` stands for anything, `_` for one character, and a backslash takes that from them. */
function like(pattern: string): RegExp {
  const parts = pattern.match(/\\.|[\s\S]/gu) ?? [];
  const source = parts.map((part) => {
    if (part === '%') return '[\\s\\S]*';
    if (part === '_') return '[\\s\\S]';
    return (part.length > 1 && part.startsWith('\\') ? part.slice(1) : part).replace(
      /[.*+?^${}()|[\]\\/]/g,
      '\\$&',
    );
  });
  return new RegExp(source.join(''), 'iu');
}
