/** One world: two sides, their people, our database, the clock, and the processes that come and go. */
import { pino } from 'pino';
import { SIDES, type SideName } from '../../src/core/record.ts';
import type { FieldSpec, PairSpec } from '../../src/core/spec.ts';
import { createMemoryCrm, type MemoryCrm } from '../../src/crm/memory/memory.ts';
import type { PairRuntime } from '../../src/engine/context.ts';
import { isSyncError, toError } from '../../src/errors.ts';
import { createQuota, memoryLedger } from '../../src/http/quota.ts';
import type { QuotaLedger } from '../../src/lib/sliding-window.ts';
import { Faults } from '../../src/simulator/faults.ts';
import { createHandle, type TenantHandle } from '../../src/simulator/handle.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { createApi } from '../../src/simulator/routes.ts';
import { DEFAULT_ADMIN } from '../../src/simulator/simulator.ts';
import { createSwitches } from '../../src/simulator/switches.ts';
import { Tenant } from '../../src/simulator/tenant.ts';
import { Webhooks } from '../../src/simulator/webhooks.ts';
import type { Db } from '../../src/store/tx.ts';
import { createUdeskClient } from '../../src/udesk/client.ts';
import { createUdeskSide } from '../../src/udesk/side.ts';
import { carryOut } from './acts.ts';
import { Ledger } from './ledger.ts';
import { EngineProcess, Killed, type Moment } from './process.ts';
import type { Deceit, Interrupt, Near, Script, Setting } from './script.ts';
import { type Both, crmPeople, type People, udeskPeople } from './sides.ts';
import { emailToken, phoneToken, textToken } from './tokens.ts';
import { watchedSide } from './watched.ts';
import { Wire } from './wire.ts';

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

export const QUOTA_PER_MINUTE = 200;
/** How far back the CRM's clock may put an edit that is committed late; its change cursor reaches back as far. */
const LATE_MS = 3_000;
const CALL_MS = 40;
/** The step that those who were there before are named after. */
const FIRST = 90_000;
const START = Date.UTC(2026, 0, 5);

export class World {
  readonly name: string;
  readonly script: Script;
  readonly db: Db;
  readonly tenant: TenantHandle;
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
  /** Somebody acts in the middle of a cycle. */
  acting = false;
  /** How a side deceives in this cycle. */
  deceit: { readonly side: SideName; readonly how: Deceit; readonly id: string } | null = null;
  /** The CRM forgot our position in its changes, in this cycle. */
  expired = false;
  /** Nobody can tell what a list left out that stands for all changes before it. */
  untold = false;
  /** Deletes that a person saw and approved, by side and id. */
  readonly approved = new Set<string>();
  /** Our wall clock was set back at some time. */
  setBack = false;
  hooks: 'once' | 'twice' | 'late' | 'dropped' = 'once';
  sideCalls = 0;
  inside = 0;
  /** The moment of its cycle at which a process was killed last. */
  killedAt = 0;
  readonly lateHooks: string[] = [];
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
  #nonces = 0;
  readonly #api: ReturnType<typeof createApi>;
  readonly #quotaLedger: QuotaLedger;

  constructor(script: Script, db: Db, name: string) {
    this.script = script;
    this.db = db;
    this.name = name;
    const { setting } = script;
    const switches = createSwitches({
      'rate.per_minute': '0',
      'duplicate.code': setting.createUpdates ? 'update' : '2005',
      ...(setting.shapes ? SHAPES : {}),
    });
    const tenant = new Tenant({
      switches,
      now: () => this.#trueTime,
      customers: [],
      onEvent: ({ after, object }) => {
        if (object === 'Customer' && after !== null) this.#changed(String(after.id));
      },
    });
    const webhooks = new Webhooks({ switches, clock: () => this.#trueTime });
    const random = seededRandom(`answers:${script.seed}`);
    this.#api = createApi({
      tenant,
      switches,
      webhooks,
      admin: DEFAULT_ADMIN,
      random,
      now: () => this.#trueTime,
    });
    this.tenant = createHandle(tenant, new Faults(), switches);
    this.#quotaLedger = memoryLedger(() => this.#trueTime);
    this.crm = createCrm(setting, () => this.#trueTime - this.#lateMs);
    this.people = { udesk: udeskPeople(this.tenant), crm: crmPeople(this.crm.table) };
    this.process = this.start();
    this.#firstPeople(setting.people);
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
    } catch (error) {
      // The side refused it, as it may refuse anybody.
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
    call?: { readonly side: SideName; readonly write: boolean },
  ): Promise<Extract<Interrupt, { what: 'fault' }>['fault'] | null> {
    if (call !== undefined) {
      this.pass(CALL_MS);
      this.sideCalls += 1;
    }
    if (this.#nested || this.calm) return null;
    this.#moments += 1;
    const due = this.#interrupts.findIndex((one) => one.at <= this.#moments && this.#fits(one, moment, call));
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
        return null;
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

  #fits(interrupt: Interrupt, moment: Moment, call: { side: SideName; write: boolean } | undefined): boolean {
    if (interrupt.near !== undefined && !this.#isNear(interrupt, interrupt.near, moment, call)) return false;
    switch (interrupt.what) {
      case 'act':
        return call !== undefined && this.#mayAct(moment, call);
      case 'fault':
        return moment === 'call' && call?.side === interrupt.side;
      case 'kill':
        return true;
      case 'second-daemon':
        // A call that leaves after another process has looked for it is beyond every promise (test/model, late calls).
        return moment !== 'commit' && !(moment === 'call' && call?.write === true) && call !== undefined;
    }
  }

  /** A kill near a write comes once it is done, and before its answer is stored: the worst time for it. */
  #isNear(
    { what, only }: Interrupt,
    near: Near,
    moment: Moment,
    call: { side: SideName; write: boolean } | undefined,
  ): boolean {
    const { touching } = this;
    if (call === undefined || touching === null || call.side !== touching.side) return false;
    if (only !== undefined && only !== touching.side) return false;
    if (near === 'look') return moment === 'call' && !call.write && touching.op === 'read';
    return moment === (what === 'kill' ? 'answer' : 'call') && call.write && touching.op === near;
  }

  /** From now on, for one cycle. */
  deceive(deceit: { readonly side: SideName; readonly how: Deceit; readonly pick: number } | null): void {
    const list = deceit === null ? [] : this.people[deceit.side].list();
    const hidden = deceit === null ? undefined : list[deceit.pick % Math.max(1, list.length)];
    // A side that shows nobody is a matter of the guards.
    this.deceit =
      deceit === null || hidden === undefined || list.length < 3
        ? null
        : { side: deceit.side, how: deceit.how, id: hidden.id };
    if (this.deceit !== null) this.tell(`  ${this.deceit.side} ${this.deceit.how} ${this.deceit.id}`);
    // Udesk is asked for e-mails and phones right before each create.
    if (this.deceit?.how === 'hides' && this.deceit.side === 'crm' && hidden !== undefined)
      this.ledger.unseen('crm', hidden);
  }

  /**
   * The moment between the look and the write belongs to the witness. A CRM that neither compares and sets nor keeps a
   * history has nobody to tell what happened in it, so nobody edits then.
   */
  #mayAct(moment: Moment, { side, write }: { side: SideName; write: boolean }): boolean {
    if (side === 'udesk' || this.script.setting.crm.compareAndSet) return true;
    return moment === 'answer' ? write : !write;
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
    const udesk = createUdeskSide({ client: this.#client(process), pageSize: 4 });
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
    const { setting } = this.script;
    const field = (udesk: string, crm: string, over: Partial<FieldSpec>): FieldSpec => ({
      udesk,
      crm,
      shape: 'scalar',
      equivalence: 'text',
      direction: 'both',
      policy: 'hold',
      onBlocked: 'hold',
      map: null,
      ...over,
    });
    return {
      name: this.name,
      fields: [
        field('nick_name', 'name', { policy: setting.policy }),
        field('description', 'note', {}),
        field('emails', 'emails', { shape: 'set', equivalence: 'email', policy: 'union' }),
        field('cellphones', 'phones', { shape: 'set', equivalence: 'phone', policy: 'union' }),
      ],
      match: { by: ['token', 'email', 'cellphone'], defaultRegion: 'CN', stopAfter: 5 },
      create: { inCrm: true, inUdesk: true },
      deletes: setting.deletes,
      firstRun: 'auto',
      guards: {
        deletes: { max: MAX_DELETES, share: 1 },
        updates: { share: 1 },
        creates: { perHour: MAX_CREATES },
      },
      capacity: { udesk: {}, crm: {} },
      trustedTime: { udesk: false, crm: true },
    };
  }

  #client(process: EngineProcess) {
    const call = (name: string) => ({ side: 'udesk' as const, write: !name.startsWith('GET') });
    const dispatcher = new Wire({
      handle: (request) => this.#api.handle(request),
      before: async (name) => {
        process.alive();
        const fault = await this.meet(process, 'call', name, call(name));
        process.alive();
        this.#arrived();
        return fault;
      },
      after: async (name, answer) => {
        if (answer.committed) this.tell(`  udesk did ${name} for ${process.name}`);
        await this.meet(process, 'answer', name, call(name));
        process.alive();
      },
      now: () => this.#trueTime,
    });
    const sleep = async (ms: number) => this.pass(ms);
    return createUdeskClient({
      baseUrl: 'http://udesk.test',
      email: DEFAULT_ADMIN.email,
      token: DEFAULT_ADMIN.token,
      sign: 'sha256',
      quota: createQuota({
        key: 'udesk',
        perMinute: QUOTA_PER_MINUTE,
        scope: 'tenant',
        ledger: this.#quotaLedger,
        clock: () => this.#trueTime,
        sleep,
      }),
      dispatcher: {
        dispatcher,
        timeouts: { connectMs: 1e6, headersMs: 1e6, bodyMs: 1e6, totalMs: 1e6 },
        maxResponseBytes: 1e9,
        close: async () => {},
      },
      clock: () => this.now,
      monotonic: () => this.#trueTime,
      sleep,
      randomNonce: () => {
        this.#nonces += 1;
        return `nonce ${this.#nonces}`;
      },
      retry: { retries: 1, minDelayMs: 0, maxDelayMs: 0, maxRetryAfterMs: 60_000 },
      log: pino({ level: 'silent' }),
    });
  }

  /** P10, as the remote counts it. */
  #arrived(): void {
    this.calls.push(this.#trueTime);
    while ((this.calls[0] ?? 0) <= this.#trueTime - 60_000) this.calls.shift();
    if (this.calls.length > QUOTA_PER_MINUTE) this.violation('P10', `${this.calls.length} calls within 60 s`);
  }

  #changed(id: string): void {
    if (this.hooks === 'dropped') return;
    if (this.hooks === 'late') this.lateHooks.push(id);
    else this.process?.hint(id);
    if (this.hooks === 'twice') this.process?.hint(id);
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
      const ids: readonly SideName[] = n % 3 === 0 ? SIDES : [side];
      for (const at of ids) {
        this.people[at].create(person);
        for (const value of [person.name, ...person.emails, ...person.phones]) this.ledger.holds(at, value);
      }
    }
  }
}

export const MAX_DELETES = 3;
export const MAX_CREATES = 40;

const SHAPES = {
  'shape.emails': 'mixed',
  'shape.other_emails': 'mixed',
  'shape.cellphones': 'mixed',
  'shape.ids': 'mixed',
  'shape.feeds': 'mixed',
  'shape.error_body': 'mixed',
} as const;

function createCrm({ crm }: Setting, clock: () => number): MemoryCrm {
  return createMemoryCrm({
    clock,
    pageSize: 4,
    region: 'CN',
    fields: [
      { name: 'name', shape: 'scalar', equivalence: 'text' },
      { name: 'note', shape: 'scalar', equivalence: 'text' },
      { name: 'emails', shape: 'set', equivalence: 'email' },
      { name: 'phones', shape: 'set', equivalence: 'phone' },
    ],
    manifest: {
      compareAndSet: crm.compareAndSet,
      changeCursor: crm.changeCursor ? { overlapMs: LATE_MS, lateMs: LATE_MS } : null,
      visibleDeletes: crm.visibleDeletes,
      elementIds: crm.elementIds,
      externalId: crm.externalId ? { unique: true } : null,
      lookupLagMs: crm.lookupLagMs,
    },
    ...(crm.normalises ? { normalise } : {}),
  });
}

/** Its own form of what it is sent: not even equal by the declared equivalence, for texts. */
function normalise(field: string, value: string): string {
  if (field === 'phones') return value.startsWith('+') ? value : `+86 ${value}`;
  return field === 'emails' ? value.toLowerCase() : value.toUpperCase();
}
