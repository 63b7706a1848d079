/**
 * Form-encoded pushes: `action=…&message=<JSON>`, nested names as Rails writes them (`message[id]=1`,
 * `errors[][]=0`), or one JSON text as the only name. Values stay text; where a value is JSON it is read.
 */

const MAX_FIELDS = 2_000;
const MAX_DEPTH = 8;

/** A list of names holds text keys; `[]` appends. */
type Node = Map<string, Node | unknown>;

/** @param tryJson undefined when the text is no JSON */
export function parseFormBody(text: string, tryJson: (text: string) => unknown): unknown {
  const fields = [...new URLSearchParams(text)].slice(0, MAX_FIELDS);
  const [first, ...others] = fields;
  if (first !== undefined && others.length === 0 && /^\s*[[{]/.test(first[0])) {
    return tryJson(first[1] === '' ? first[0] : `${first[0]}=${first[1]}`);
  }
  const root: Node = new Map();
  for (const [name, value] of fields) {
    const path = pathOf(name);
    if (path !== null) put(root, path, /^\s*[[{]/.test(value) ? (tryJson(value) ?? value) : value);
  }
  return plain(root);
}

/** `message[changes][]` → message, changes, ''. Null for a name that is none. */
function pathOf(name: string): string[] | null {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (match === null) return null;
  const [, head = '', tail = ''] = match;
  const path = [head, ...[...tail.matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1] ?? '')];
  return path.length > MAX_DEPTH ? null : path;
}

function put(root: Node, path: readonly string[], value: unknown): void {
  let node = root;
  for (const [at, part] of path.entries()) {
    const key = part === '' ? nextIndex(node, path.slice(at + 1)) : part;
    if (at === path.length - 1) {
      node.set(key, value);
      return;
    }
    const below = node.get(key);
    const next: Node = below instanceof Map ? below : new Map();
    node.set(key, next);
    node = next;
  }
}

/** `errors[][]=0&errors[][]=text` is one row of two: an inner list is filled up to a pair before the next begins. */
function nextIndex(node: Node, rest: readonly string[]): string {
  const last = node.get(String(node.size - 1));
  const open = rest[0] === '' && last instanceof Map && last.size < 2;
  return String(open ? node.size - 1 : node.size);
}

/** Names 0, 1, 2 … make a list. */
function plain(value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  const entries = [...value].map(([key, member]): [string, unknown] => [String(key), plain(member)]);
  const isList = entries.length > 0 && entries.every(([key], at) => key === String(at));
  return isList ? entries.map(([, member]) => member) : Object.fromEntries(entries);
}
