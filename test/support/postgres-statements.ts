/** What a client of Postgres sends on one connection, as the protocol has it ("Frontend/Backend Protocol", message formats). */

/** One statement that is about to be executed. */
export interface Statement {
  readonly verb: string;
  /** Whose rows are changed once it is done: by itself, or of a commit by all of its transaction. */
  readonly tables: readonly string[];
}

/** StartupMessage: version 3.0. */
const STARTUP = 196_608;
const WRITTEN =
  /(?<!\bdo )(?<!\bfor )(?<!\bno key )\b(?:insert into|update|delete from)\s+(?:only\s+)?"?(\w+)"?(?:\."?(\w+)"?)?/gi;

export class Connection {
  database: string | null = null;
  readonly #prepared = new Map<string, string>();
  /** Written by the transaction that is open; null: none is. */
  #open: Set<string> | null = null;

  /** @param chunk whole messages, as a client writes them. @returns what is executed by them, in that order */
  sent(chunk: Buffer): Statement[] {
    if (this.#isStartup(chunk)) return [];
    const found: Statement[] = [];
    for (let from = 0, next = 0; from + 5 <= chunk.length; from = next) {
      next = from + 1 + chunk.readUInt32BE(from + 1);
      const texts = (n: number) => chunk.toString('utf8', from + 5, next).split('\0', n);
      const text = this.#executed(String.fromCharCode(chunk[from] ?? 0), texts);
      if (text !== null) found.push(...this.#told(text));
    }
    return found;
  }

  #isStartup(chunk: Buffer): boolean {
    if (this.database !== null || chunk.length < 8 || chunk.readUInt32BE(4) !== STARTUP) return false;
    const words = chunk.toString('utf8', 8).split('\0');
    this.database = words[words.indexOf('database') + 1] ?? '';
    return true;
  }

  #executed(type: string, texts: (n: number) => string[]): string | null {
    if (type === 'Q') return texts(1)[0] ?? null;
    const [first = '', second = ''] = texts(2);
    if (type === 'P') this.#prepared.set(first, second);
    // Bind: of which statement. It is executed right after.
    return type === 'B' ? (this.#prepared.get(second) ?? null) : null;
  }

  #told(text: string): Statement[] {
    const verb = /^\s*(\w+)/.exec(text)?.[1]?.toLowerCase() ?? '';
    const tables = [...text.matchAll(WRITTEN)].map(([, schema, table]) => table ?? schema ?? '');
    if (verb === 'begin') this.#open = new Set();
    if (this.#open === null) return [{ verb, tables }];
    for (const table of tables) this.#open.add(table);
    const written = [...this.#open].sort();
    if (verb === 'commit' || verb === 'rollback') this.#open = null;
    return [{ verb, tables: verb === 'commit' ? written : [] }];
  }
}
