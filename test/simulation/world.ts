/** One world: two sides, their people, our database, the clock, and the processes that come and go. */
import type { ToldChange } from '../../src/core/own-echo.ts';
import { SIDES, type SideName } from '../../src/core/record.ts';
import type { PairSpec } from '../../src/core/spec.ts';
import type { MemoryCrm } from '../../src/crm/memory/memory.ts';
import type { PairRuntime } from '../../src/engine/context.ts';
import { isSyncError, toError } from '../../src/errors.ts';
import type { TenantHandle } from '../../src/simulator/handle.ts';
import { Refusal } from '../../src/simulator/refusal.ts';
import type { Db } from '../../src/store/tx.ts';
import { createUdeskSide } from '../../src/udesk/side.ts';
import { carryOut } from './acts.ts';
import { type Deceiving, deceiving, LeftOut } from './deceit.ts';
import { Ledger } from './ledger.ts';
import { type Call, fits } from './moments.ts';
import { configuredSpec, createCrm, LATE_MS, pairSpec } from './pair.ts';
import { EngineProcess, Killed, type Moment } from './process.ts';
import type { Configured, Deceit, Interrupt, Script } from './script.ts';
import { type Both, crmPeople, type People, udeskPeople, valuesOf } from './sides.ts';
import { emailToken, phoneToken, textToken } from './tokens.ts';
import { QUOTA_PER_MINUTE, Udesk } from './udesk.ts';
import { noteUnmet } from './unmet.ts';
import { watchedSide } from './watched.ts';

export interface Violation {
  readonly promise: string;
  readonly message: string;
}

/** A call by which a side is asked for, or is to change, one record. */
export interface Touch {
  readonly side: SideName;
  readonly id: string | null;
  readonly op: string;
  /** As the side names them. */
  readonly fields: readonly string[];
}

const CALL_MS = 40;
/** The step that those who were there before are named after. */
const FIRST = 90_000;
const START = Date.UTC(2026, 0, 5);
/** The first people were entered a day before: no search is behind about them. */
const DAY_MS = 86_400_000;

/** Which customer changed, and what Udesk says that changed; null where it does not say that clearly. */
export type Callback = readonly [id: string, changes: readonly ToldChange[] | null];

export class World {
  readonly name: string;
  readonly script: Script;
  readonly db: Db;
  readonly crm: MemoryCrm;
  readonly people: Both<People>;
  readonly ledger = new Ledger();
  readonly trace: string[] = [];
  readonly violations: Violation[] = [];
  /** Writes of ours that reached a side. */
  readonly writes: {
    readonly side: SideName;
    readonly op: string;
    readonly id: string | null;
    readonly at: number;
  }[] = [];
  /** When calls reached Udesk, in true time. */
  readonly calls: number[] = [];
  process: EngineProcess;
  calm = false;
  /** The call of a side that is under way, and its record: what happens near it happens to that. */
  touching: Touch | null = null;
  aim: Touch | null = null;
  /** The same from the moment when it leaves, for as long as it is under way; which write of ours it carries, and whom a create is about. */
  underWay: (Touch & { readonly write: string | null; readonly source: string | null }) | null = null;
  /** Somebody acts in the middle of a cycle. */
  acting = false;
  /** How a side deceives in this cycle. */
  deceit: Deceiving | null = null;
  readonly leftOut = new LeftOut();
  /** The CRM forgot our position in its changes, in this cycle. */
  expired = false;
  /** Who is on both sides from the beginning, and was not linked yet. */
  unmet: readonly { readonly udesk: string; readonly crm: string }[] = [];
  /** Whom a person was asked about when the last cycle ended, one of each side. */
  asked: ReadonlyMap<string, readonly [string, string]> = new Map();
  /** Deletes that a person saw and approved, by side and id, and creates, by side and link. */
  readonly approved = new Set<string>();
  /** Our wall clock was set back at some time. */
  setBack = false;
  hooks: 'once' | 'twice' | 'late' | 'dropped' = 'once';
  sideCalls = 0;
  inside = 0;
  /** The moment of its cycle at which a process was killed last. */
  killedAt = 0;
  readonly lateHooks: Callback[] = [];
  #trueTime = START;
  /** Our wall clock against the true time. */
  #skewMs = 0;
  #lateMs = 0;
  #interrupts: Interrupt[] = [];
  #moments = 0;
  #step = 0;
  #sub = 0;
  #nested = false;
  #processes = 0;
  #configured: Configured | null = null;
  readonly #udesk: Udesk;

  constructor(script: Script, db: Db, name: string) {
    this.script = script;
    this.db = db;
    this.name = name;
    const { setting } = script;
    this.#udesk = new Udesk(this, (...told) => this.#changed(...told));
    this.crm = createCrm(setting, () => this.#trueTime - this.#lateMs);
    this.people = { udesk: udeskPeople(this.tenant), crm: crmPeople(this.crm.table) };
    this.process = this.start();
    this.#trueTime -= DAY_MS;
    this.#firstPeople(setting.people);
    this.#trueTime = START;
  }

  get tenant(): TenantHandle {
    return this.#udesk.tenant;
  }

  get now(): number {
    return this.#trueTime + this.#skewMs;
  }

  get trueTime(): number {
    return this.#trueTime;
  }

  get moments(): number {
    return this.#moments;
  }

  tell(line: string): void {
    this.trace.push(line);
  }

  violation(promise: string, message: string): void {
    this.violations.push({ promise, message });
    this.tell(`!! ${promise}: ${message}`);
  }

  /** Time for everybody. */
  pass(ms: number): void {
    this.#trueTime += Math.max(0, Math.ceil(ms));
  }

  /** Our wall clock is off by so much from now on. */
  jump(ms: number): void {
    this.setBack ||= ms < this.#skewMs;
    this.#skewMs = ms;
  }

  /** From the next start on. */
  configure(as: Configured | null): void {
    this.#configured = as;
  }

  start(): EngineProcess {
    this.#processes += 1;
    this.process = new EngineProcess(this, this.#processes);
    return this.process;
  }

  /** A cycle ended with this error. Only what has no kind, or breaks an assertion, is a defect. */
  failed(error: unknown): void {
    const { message } = toError(error);
    const kind = isSyncError(error) ? error.kind : null;
    this.tell(`  failed: ${message}`);
    if (error instanceof Killed) return;
    if (kind === null || kind === 'invariant') this.violation('P9', `the cycle failed: ${message}`);
  }

  /** What is to happen inside of what follows. */
  during(step: number, interrupts: readonly Interrupt[]): void {
    this.#step = step;
    this.#sub = 0;
    this.#moments = 0;
    this.#interrupts = [...interrupts];
  }

  async act(act: Parameters<typeof carryOut>[1]): Promise<void> {
    const sub = this.#sub;
    this.#sub += 1;
    this.#lateMs = (this.#step * 7 + sub) % LATE_MS;
    try {
      await carryOut(this, act, this.#step, sub);
      await noteUnmet(this);
    } catch (error) {
      // The side refused it, as it may refuse anybody; whatever else goes wrong is a defect of these worlds.
      if (!(error instanceof Refusal || isSyncError(error))) throw error;
      this.tell(`  a person was refused: ${toError(error).message}`);
    } finally {
      this.#lateMs = 0;
    }
  }

  /** A moment of a process: whatever is due happens now. @returns the fault that this call shall meet */
  async meet(
    process: EngineProcess,
    moment: Moment,
    name: string,
    call?: Call,
  ): Promise<Extract<Interrupt, { what: 'fault' }>['fault'] | null> {
    if (call !== undefined) {
      this.pass(CALL_MS);
      this.sideCalls += 1;
    }
    if (this.#nested || this.calm) return null;
    this.#moments += 1;
    return await this.#interrupted(process, moment, name, call);
  }

  async #interrupted(
    process: EngineProcess,
    moment: Moment,
    name: string,
    call?: { readonly side: SideName; readonly write: boolean },
  ): Promise<Extract<Interrupt, { what: 'fault' }>['fault'] | null> {
    const due = this.#interrupts.findIndex(
      (one, n) =>
        one.at <= this.#moments && (n === 0 || one.follows !== true) && fits(this, one, moment, call),
    );
    if (due < 0) return null;
    const [interrupt] = this.#interrupts.splice(due, 1);
    if (interrupt === undefined) return null;
    this.inside += 1;
    this.tell(`  at ${moment} ${call?.side ?? ''} ${name}: ${interrupt.what}`);
    switch (interrupt.what) {
      case 'act': {
        this.aim = interrupt.near === undefined ? null : this.touching;
        this.acting = true;
        await this.act(interrupt.act);
        this.acting = false;
        this.aim = null;
        // The call that somebody was faster than may meet a fault as well.
        return await this.#interrupted(process, moment, name, call);
      }
      case 'fault':
        this.tell(`  ${interrupt.fault} of ${interrupt.side}`);
        return interrupt.fault;
      case 'kill':
        this.killedAt = this.#moments;
        process.dead = true;
        throw new Killed();
      case 'second-daemon':
        await this.#secondDaemon();
        return null;
    }
  }

  /** From now on, for one cycle. */
  deceive(deceit: { readonly side: SideName; readonly how: Deceit; readonly pick: number } | null): void {
    this.deceit = deceit === null ? null : deceiving(this, deceit);
    if (this.deceit !== null) this.tell(`  ${this.deceit.side} ${this.deceit.how} ${this.deceit.id}`);
  }

  async #secondDaemon(): Promise<void> {
    const first = this.process;
    this.#nested = true;
    try {
      await this.start().cycle(['crm', 'head']);
    } finally {
      this.#nested = false;
      this.process.dead = true;
      this.process = first;
    }
  }

  pairOf(process: EngineProcess): PairRuntime {
    const udesk = createUdeskSide({ client: this.#udesk.client(process), pageSize: 4 });
    const crm = this.crm.side;
    return {
      spec: this.spec(),
      sides: {
        udesk: watchedSide(this, process, 'udesk', udesk, false),
        crm: watchedSide(this, process, 'crm', crm, true),
      },
    };
  }

  spec(): PairSpec {
    return configuredSpec(pairSpec(this.name, this.script.setting), this.#configured);
  }

  /** P10, as the remote counts it. */
  arrived(): void {
    this.calls.push(this.#trueTime);
    while ((this.calls[0] ?? 0) <= this.#trueTime - 60_000) this.calls.shift();
    if (this.calls.length > QUOTA_PER_MINUTE) this.violation('P10', `${this.calls.length} calls within 60 s`);
  }

  #changed(...told: Callback): void {
    if (this.hooks === 'dropped') return;
    if (this.hooks === 'late') this.lateHooks.push(told);
    else this.process?.hint(...told);
    if (this.hooks === 'twice') this.process?.hint(...told);
  }

  #firstPeople(count: number): void {
    for (let n = 0; n < count; n += 1) {
      const person = {
        name: textToken(FIRST, n),
        note: '',
        emails: [emailToken(FIRST, n)],
        phones: n % 2 === 0 ? [phoneToken(FIRST, n)] : [],
      };
      const side: SideName = n % 2 === 0 ? 'udesk' : 'crm';
      const on: readonly SideName[] = n % 3 === 0 ? SIDES : [side];
      for (const at of on) for (const value of valuesOf({ id: '', ...person })) this.ledger.holds(at, value);
      const ids = on.map((at) => this.people[at].create(person));
      const [udesk, crm] = ids;
      if (udesk !== undefined && crm !== undefined) this.unmet = [...this.unmet, { udesk, crm }];
    }
  }
}
