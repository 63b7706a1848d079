/** Documents that name tests are kept true by looking each title up in the file that it is said to stand in. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** Every `file` "title" of a text; a quotation mark inside a title is written \". */
export function namedTests(text: string): NamedTest[] {
  return [...text.matchAll(/`([^`]+)` "((?:\\"|[^"])*)"/g)].map((match) => ({
    file: match[1] ?? '',
    title: (match[2] ?? '').replaceAll('\\"', '"'),
  }));
}

/** Those whose file is gone, or has no test of exactly that title any more. */
export function missingTests(named: readonly NamedTest[]): NamedTest[] {
  const titles = new Map<string, Set<string>>();
  return named.filter(({ file, title }) => {
    const known = titles.get(file) ?? titlesIn(file);
    titles.set(file, known);
    return !known.has(title);
  });
}

/** The literals that stand where a test's title stands: test('…', or, after .each, ('… */
function titlesIn(file: string): Set<string> {
  if (!existsSync(`${root}${file}`)) return new Set();
  const source = readFileSync(`${root}${file}`, 'utf8');
  const literals = source.matchAll(/(?:\(|^)\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1,/gm);
  return new Set([...literals].map((match) => (match[2] ?? '').replaceAll(/\\(['"`])/g, '$1')));
}
