/** What reached the simulator, for tests and people: paths and codes, never contents. */

export interface RequestLogEntry {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** When it arrived, by our clock, in milliseconds. */
  readonly at: number;
  /** HTTP status; null when the connection was dropped, or while the call is in flight. */
  status: number | null;
  /** Business code that was (or, for a lost reply, would have been) answered. */
  code: number | null;
  /** A call that changes customers. */
  readonly write: boolean;
  /** The change was carried out, whether or not the reply arrived. */
  committed: boolean;
  /** Kinds of the faults that it met. */
  faults: readonly string[];
  notes: readonly string[];
}

export interface Counts {
  readonly requests: number;
  /** Requests that change customers, whatever became of them. */
  readonly writes: number;
  /** Of these, carried out. */
  readonly committed: number;
  /** By `METHOD /path`. */
  readonly byCall: Readonly<Record<string, number>>;
  /** By business code. */
  readonly byCode: Readonly<Record<string, number>>;
  /** Customers in the tenant now. */
  readonly customers: number;
}

/** Beyond this the oldest entries go; `counts` still knows them. */
const KEEP = 20_000;

export class RequestLog {
  /** Oldest first; always the same array. */
  readonly entries: RequestLogEntry[] = [];
  #requests = 0;
  #writes = 0;
  #committed = 0;
  #byCall: Record<string, number> = {};
  #byCode: Record<string, number> = {};

  arrived(entry: RequestLogEntry): void {
    if (this.entries.length >= KEEP) this.entries.splice(0, KEEP / 2);
    this.entries.push(entry);
    this.#requests++;
    if (entry.write) this.#writes++;
    const call = `${entry.method} ${entry.path}`;
    this.#byCall[call] = (this.#byCall[call] ?? 0) + 1;
  }

  answered(entry: RequestLogEntry): void {
    if (entry.committed) this.#committed++;
    if (entry.code !== null) this.#byCode[entry.code] = (this.#byCode[entry.code] ?? 0) + 1;
  }

  clear(): void {
    this.entries.length = 0;
    this.#requests = this.#writes = this.#committed = 0;
    this.#byCall = {};
    this.#byCode = {};
  }

  counts(customers: number): Counts {
    return {
      requests: this.#requests,
      writes: this.#writes,
      committed: this.#committed,
      byCall: { ...this.#byCall },
      byCode: { ...this.#byCode },
      customers,
    };
  }
}
