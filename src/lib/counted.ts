const IRREGULAR: Readonly<Record<string, string>> = { match: 'matches' };

/** `1 record`, `2 records`; with `verb` what is said of them: `1 record was`, `2 records were`. */
export function counted(n: number, what: string, verb?: 'is' | 'was' | 'has'): string {
  const noun = n === 1 ? what : (IRREGULAR[what] ?? `${what}s`);
  return `${n} ${noun}${verb === undefined ? '' : ` ${n === 1 ? verb : MANY[verb]}`}`;
}

const MANY = { is: 'are', was: 'were', has: 'have' } as const;

const ONES = /\b1 ((?:CRM )?(?:record|link|customer|other|second))s\b( are| were)?|\b1 (are|were)\b/g;

/** A sentence that was written for several: `1 links are known` becomes `1 link is known`. */
export function inSingular(sentence: string): string {
  const verb = (of: string) => (of.trim() === 'are' ? 'is' : 'was');
  return sentence.replaceAll(ONES, (_, noun?: string, after?: string, bare?: string) =>
    noun === undefined ? `1 ${verb(bare ?? '')}` : `1 ${noun}${after === undefined ? '' : ` ${verb(after)}`}`,
  );
}
