/** TypeScript text with comments blanked out; offsets and lines stay what they were. */
export interface Code {
  /** Comments are blanks. */
  readonly withStrings: string;
  /** The contents of strings and templates are blanks, too; code inside `${}` of a template is kept. */
  readonly bare: string;
}

/**
 * A tokenizer of one purpose. It does not tell a division from a regular expression in every case: a regular
 * expression is taken where an operand may begin, which is right for code that biome has formatted.
 */
export function codeOnly(source: string): Code {
  const withStrings = source.split('');
  const bare = source.split('');
  const blank = (target: string[], from: number, to: number) => {
    for (let at = from; at < to; at++) if (target[at] !== '\n') target[at] = ' ';
  };
  /** Depth of braces at which a template's `${` closes again. */
  const templates: number[] = [];
  let braces = 0;
  let at = 0;
  const endOfTemplateText = (from: number): number => {
    for (let i = from; i < source.length; i++) {
      if (source[i] === '\\') i++;
      else if (source[i] === '`') return i;
      else if (source[i] === '$' && source[i + 1] === '{') return i;
    }
    return source.length;
  };
  const template = (from: number) => {
    const end = endOfTemplateText(from);
    blank(bare, from, end);
    if (source[end] === '$') {
      templates.push(braces);
      at = end + 2;
    } else at = end + 1;
  };
  while (at < source.length) {
    const two = source.slice(at, at + 2);
    const one = source[at];
    if (two === '//' || two === '/*') {
      const close = two === '//' ? source.indexOf('\n', at) : source.indexOf('*/', at + 2) + 2;
      const end = close < at + 2 ? source.length : close;
      blank(withStrings, at, end);
      blank(bare, at, end);
      at = end;
    } else if (one === "'" || one === '"') {
      const end = endOfQuoted(source, at + 1, one);
      blank(bare, at + 1, end);
      at = end + 1;
    } else if (one === '`') {
      template(at + 1);
    } else if (one === '/' && operandMayBegin(source, at)) {
      const end = endOfRegExp(source, at + 1);
      blank(bare, at + 1, end);
      blank(withStrings, at + 1, end);
      at = end + 1;
    } else if (one === '}' && templates.at(-1) === braces) {
      templates.pop();
      template(at + 1);
    } else {
      if (one === '{') braces++;
      if (one === '}') braces--;
      at++;
    }
  }
  return { withStrings: withStrings.join(''), bare: bare.join('') };
}

function endOfQuoted(source: string, from: number, quote: string): number {
  for (let i = from; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === quote || source[i] === '\n') return i;
  }
  return source.length;
}

function endOfRegExp(source: string, from: number): number {
  let inClass = false;
  for (let i = from; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === '[') inClass = true;
    else if (source[i] === ']') inClass = false;
    else if ((source[i] === '/' && !inClass) || source[i] === '\n') return i;
  }
  return source.length;
}

function operandMayBegin(source: string, at: number): boolean {
  const before = source.slice(Math.max(0, at - 60), at).trimEnd();
  return /(^|[=([{,;:?!&|+\-*%<>~^]|\b(return|typeof|case|in|of|do|else|void|delete))$/.test(before);
}
