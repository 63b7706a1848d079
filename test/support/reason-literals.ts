import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'vitest/node';

export interface ReasonLiteral {
  /** `src/core/policy.ts:38` */
  readonly at: string;
  /** With GAP where something is put in. */
  readonly text: string;
}

export const GAP = '…';

const ROOT = join(import.meta.dirname, '../..');
/** Two words of English, at least. */
const SENTENCE = /[a-z]{2,}[,;:]? [a-z]{2,}/i;
/** What is thrown, logged or shown while it goes on reaches no page as a reason. */
const NOT_HERE = ['ThrowStatement', 'NewExpression', 'ImportDeclaration', 'ExportAllDeclaration'];
const LOGS = /\blog\b|\.progress$/;

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly value?: unknown;
  readonly callee?: Node;
  readonly quasi?: Node;
  readonly quasis?: readonly { readonly value: { readonly cooked: string } }[];
}

/** Every sentence that the file may give as a reason: a literal, a template, or a text within SQL. */
export function reasonLiterals(path: string): readonly ReasonLiteral[] {
  const source = readFileSync(join(ROOT, path), 'utf8');
  const found: ReasonLiteral[] = [];
  const tell = (node: Node, text: string) => {
    const at = `${path}:${source.slice(0, node.start).split('\n').length}`;
    if (SENTENCE.test(text.replaceAll(GAP, '§'))) found.push({ at, text });
  };
  const look = (node: unknown): void => {
    if (Array.isArray(node)) for (const each of node) look(each);
    if (!isNode(node) || NOT_HERE.includes(node.type)) return;
    if (node.callee !== undefined && LOGS.test(source.slice(node.callee.start, node.callee.end))) return;
    if (node.type === 'Literal' && typeof node.value === 'string') tell(node, node.value);
    if (node.type === 'TaggedTemplateExpression') {
      const sql = (node.quasi?.quasis ?? []).map(({ value }) => value.cooked).join('§');
      for (const [, text = ''] of sql.matchAll(/'([^'§]*)'/g)) tell(node, text.replace(/^; /, ''));
      look((node.quasi as { expressions?: unknown } | undefined)?.expressions);
      return;
    }
    if (node.type === 'TemplateLiteral')
      tell(node, (node.quasis ?? []).map(({ value }) => value.cooked).join(GAP));
    for (const [key, child] of Object.entries(node)) if (key !== 'typeAnnotation') look(child);
  };
  look(parseAst(source, { lang: 'ts' }));
  return found;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** The files below `folder`, as paths of the repository. */
export function filesBelow(folder: string, mentions = /(?:)/): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .filter((path) => mentions.test(readFileSync(join(ROOT, path), 'utf8')))
    .sort();
}
