/** Reads the YAML text: what it says, and at which line each part stands. Messages never quote the file. */
import { isMap, isPair, isScalar, LineCounter, parseDocument, type Scalar, visit } from 'yaml';
import { SyncError } from '../errors.ts';
import type { Path } from './problems.ts';

export interface YamlFile {
  readonly data: unknown;
  /** Line (from 1) of the value at the path, or of the nearest part above it. */
  lineOf(path: Path): number;
}

/** Throws `config` with line and column where the text is not YAML. */
export function readYaml(source: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(hideReferences(source), {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
  });
  if (document.errors.length > 0) {
    // One slip makes a parser stumble over all that follows; the first ones are the news.
    const found = document.errors.slice(0, 3).map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return `line ${line}, column ${col}: ${SYNTAX[error.code] ?? error.code.toLowerCase().replaceAll('_', ' ')}`;
    });
    throw new SyncError('config', `${file} is not readable as YAML: ${found.join('; ')}.`, {
      code: 'yaml-syntax',
      advice: 'Mend the line named; most often it is the indentation, a missing quote or a missing bracket.',
    });
  }
  keepDigits(document);
  showReferences(document);
  let data: unknown;
  try {
    data = document.toJS();
  } catch {
    throw new SyncError('config', `${file} refers to an anchor (*name) that it does not define.`, {
      code: 'yaml-syntax',
      advice: 'Define the anchor with &name above the place that uses it.',
    });
  }
  return {
    data,
    lineOf(path) {
      for (let length = path.length; length > 0; length--) {
        const at = offsetAt(document.contents, path.slice(0, length));
        if (at !== null) return lines.linePos(at).line;
      }
      return 1;
    },
  };
}

const SYNTAX: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit the lines above',
  DUPLICATE_KEY: 'this key stands twice in one block',
  MISSING_CHAR: 'a character is missing: a colon, quote, comma or bracket',
  TAB_AS_INDENT: 'a tab is used for indentation; use blanks',
  UNEXPECTED_TOKEN: 'something stands here that does not belong',
  BLOCK_AS_IMPLICIT_KEY: 'a block stands where a plain key was expected; a quote may be missing',
  MULTILINE_IMPLICIT_KEY: 'a key runs over several lines; a colon or quote may be missing',
  MULTIPLE_DOCS: 'a second document begins here (---); one is allowed',
};

/** Keys whose values are text even when they look like a number: 007 and ids beyond 2^53 keep their digits. */
const TEXT_KEYS = new Set(['token', 'password', 'secret', 'passwordHash', 'apiKey']);

function keepDigits(document: ReturnType<typeof parseDocument>): void {
  const asText = (scalar: Scalar) => {
    if (typeof scalar.value === 'number' && scalar.source !== undefined) scalar.value = scalar.source;
  };
  visit(document, {
    Pair(_, pair) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      if (TEXT_KEYS.has(key) && isScalar(pair.value)) asText(pair.value);
      if (key === 'map' && isMap(pair.value)) {
        for (const { key: from, value: to } of pair.value.items) {
          if (isScalar(from)) asText(from);
          if (isScalar(to)) asText(to);
        }
      }
      if (key === 'shards' && pair.value !== null) {
        visit(pair.value as never, { Scalar: (_key, scalar) => asText(scalar) });
      }
    },
  });
}

/**
 * `{ url: ${NAME} }` is what people write, though YAML ends a plain value at a brace within braces. While it is
 * parsed, the braces of references are two characters that mean nothing to it; offsets stay what they were.
 */
const HIDDEN_OPEN = '\ue000';
const HIDDEN_CLOSE = '\ue001';

function hideReferences(source: string): string {
  return source.replace(/\$\$\{|\$\{([A-Za-z_]\w*(?::-[^}\n]*)?)\}/g, (whole, inner: string | undefined) =>
    inner === undefined ? whole : `$${HIDDEN_OPEN}${inner}${HIDDEN_CLOSE}`,
  );
}

function showReferences(document: ReturnType<typeof parseDocument>): void {
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value !== 'string') return;
      scalar.value = scalar.value.replaceAll(HIDDEN_OPEN, '{').replaceAll(HIDDEN_CLOSE, '}');
    },
  });
}

function offsetAt(root: unknown, path: Path): number | null {
  let node = root;
  let offset: number | null = null;
  for (const key of path) {
    if (typeof node !== 'object' || node === null || !('items' in node) || !Array.isArray(node.items))
      return null;
    const item: unknown = isMap(node)
      ? node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key))
      : node.items[Number(key)];
    if (item === undefined) return null;
    const anchor = isPair(item) ? item.key : item;
    offset = (anchor as { range?: readonly number[] | null } | null)?.range?.[0] ?? offset;
    node = isPair(item) ? item.value : item;
  }
  return offset;
}
