/** A side as one process reaches it: every call is a moment, and every write is looked at before it is done (P1). */
import { asElements } from '../../src/core/equivalence.ts';
import { otherSide, type Patch, type SideName } from '../../src/core/record.ts';
import { isSet } from '../../src/core/value.ts';
import type { Page, Side } from '../../src/crm/adapter.ts';
import { type ErrorKind, SyncError } from '../../src/errors.ts';
import { deceived, isBlind } from './deceit.ts';
import { confirmedLinks, isDecided, sourceUnderWay, writeUnderWay } from './ours.ts';
import type { EngineProcess } from './process.ts';
import { carryingOut } from './replaced.ts';
import type { Fault } from './script.ts';
import { plain } from './tokens.ts';
import type { Touch, World } from './world.ts';

interface Aimed {
  readonly id?: string;
  readonly patch?: Patch;
}

const WRITES: readonly string[] = ['create', 'update', 'delete'];
const READS: readonly string[] = ['check', 'fingerprint', 'read', 'lookup', 'unheld', 'history'];

/** `meets`: this wrapper stands for the network, too. Udesk has a wire of its own. */
export function watchedSide(
  world: World,
  process: EngineProcess,
  name: SideName,
  side: Side,
  meets: boolean,
): Side {
  const touch = (op: string, request: unknown): Touch => {
    const { id = null, patch = {} } = typeof request === 'string' ? { id: request } : (request as Aimed);
    return { side: name, op, id, fields: Object.keys(patch) };
  };
  const meet = async (moment: 'call' | 'answer', operation: string) => {
    process.alive();
    if (!meets) return null;
    const fault = await world.meet(process, moment, operation, {
      side: name,
      write: WRITES.includes(operation),
    });
    process.alive();
    return fault;
  };
  async function* pages(operation: 'enumerate' | 'changes', from: AsyncIterable<Page>): AsyncGenerator<Page> {
    const failure = failureOf(await meet('call', operation), operation);
    if (failure?.kind === 'cursor-expired') world.expired = true;
    if (failure !== null) fail(failure);
    for await (const page of from) {
      await meet('answer', operation);
      const told = deceived(world, name, operation, page);
      noteShown(world, name, told.records);
      yield told;
    }
  }
  /** Whatever the call does happens in one go. */
  const carriedOut = async (call: () => unknown): Promise<unknown> => {
    const done = meets ? carryingOut(world, name) : () => {};
    const answer = await call();
    done();
    return answer;
  };
  return new Proxy(side, {
    get(target, key, receiver) {
      const member = Reflect.get(target, key, receiver) as unknown;
      if (typeof member !== 'function' || typeof key !== 'string') return member;
      if (key === 'enumerate' || key === 'changes') {
        // Here a worker is stopped after each of its cycles; a sweep of several slices lives on.
        const rest = (args: unknown[]) => (key === 'enumerate' ? [] : args);
        return (...args: unknown[]) =>
          pages(key, Reflect.apply(member, target, rest(args)) as AsyncIterable<Page>);
      }
      if (!WRITES.includes(key) && !READS.includes(key)) return member;
      return async (...args: unknown[]) => {
        world.touching = key === 'read' || WRITES.includes(key) ? touch(key, args[0]) : null;
        if (key === 'delete' && name === 'udesk') await stillGone(world, args[0] as string);
        const fault = await meet('call', key);
        if (WRITES.includes(key)) look(world, process, name, key, args[0]);
        const failure = meets ? failureOf(fault, key) : null;
        if (failure !== null && !failure.done) fail(failure);
        const call = () => Reflect.apply(member, target, args);
        world.underWay = await underWay(world, touch(key, args[0]));
        await askedFor(world, key);
        try {
          const answer = isBlind(world, name, key) ? null : await carriedOut(call);
          noteShown(world, name, [answer].flat());
          await meet('answer', key);
          if (failure !== null) fail(failure);
          return answer;
        } finally {
          world.underWay = null;
        }
      };
    },
  });
}

function noteShown({ ledger }: World, side: SideName, answers: readonly unknown[]): void {
  for (const answer of answers) {
    const { id } = (answer ?? {}) as { id?: unknown };
    if (typeof id === 'string') ledger.shown(side, id);
  }
}

/** The call that is about to leave, with the write of ours that it carries. */
async function underWay(world: World, touched: Touch): Promise<World['underWay']> {
  const { op, side, id } = touched;
  return {
    ...touched,
    write: op === 'update' && id !== null ? await writeUnderWay(world, side, id) : null,
    source: op === 'create' ? await sourceUnderWay(world, side) : null,
  };
}

/** P7, P8: what the configuration does not ask for does not leave, however long ago it was planned. What a person decided is theirs. */
async function askedFor(world: World, op: string): Promise<void> {
  const { create, deletes } = world.spec();
  const { underWay } = world;
  const isOff =
    op === 'delete'
      ? deletes !== 'propagate'
      : op === 'create' && !(underWay?.side === 'udesk' ? create.inUdesk : create.inCrm);
  if (underWay === null || !isOff || (await isDecided(world, underWay.side, op))) return;
  world.violation('P8', `a ${op} leaves for ${underWay.side} ${underWay.id ?? '(new)'}, and is turned off`);
}

/** P7: a deletion is not carried over once it was seen to be taken back; what a person decided is theirs. */
async function stillGone(world: World, udeskId: string): Promise<void> {
  const crmId = (await confirmedLinks(world)).find((link) => link.udesk_id === udeskId)?.crm_id;
  if (crmId === undefined || world.people.crm.get(crmId) === null || !world.ledger.isShownAgain(crmId))
    return;
  if (await isDecided(world, 'udesk', 'delete')) return;
  world.violation('P7', `udesk ${udeskId} is deleted, and crm ${crmId} had come back`);
}

/** P1: what we write is the image of something that the other side held, or what a person chose. */
function look(world: World, process: EngineProcess, side: SideName, op: string, request: unknown): void {
  const { ledger } = world;
  const id = typeof request === 'string' ? request : ((request as { id?: string }).id ?? null);
  world.writes.push({ side, op, id, at: world.trueTime });
  if (op === 'delete') {
    world.tell(`  ${process.name} deletes ${side} ${id}`);
    return;
  }
  const { patch } = request as { patch: Patch };
  for (const write of Object.values(patch)) {
    const before = isSet(write.before) ? asElements(write.before).map(({ value }) => value) : [];
    const sent = asElements(write.after).map(({ value }) => value);
    world.tell(`  ${process.name} writes ${write.field} of ${side} ${id ?? '(new)'}: ${sent.join(', ')}`);
    const twice = doubled(sent).find((value) => !doubled(before).includes(value));
    if (twice !== undefined) world.violation('P5', `"${twice}" is written to ${side} ${id} twice`);
    for (const value of sent) {
      const known =
        ledger.ever(otherSide(side), value) ||
        (before.includes(value) && ledger.ever(side, value)) ||
        ledger.wasInside(value, side, id) ||
        ledger.isChosen(value);
      if (!known)
        world.violation('P1', `"${value}" is written to ${side}, and ${otherSide(side)} never held it`);
      ledger.holds(side, value);
    }
  }
}

/** What a list holds more than once, in whatever form. */
function doubled(values: readonly string[]): string[] {
  const all = values.map(plain);
  return all.filter((value, at) => all.indexOf(value) < at);
}

interface Failure {
  readonly kind: ErrorKind;
  /** The write is done, and its answer is lost. */
  readonly done: boolean;
}

/** What a client of the CRM would throw. Only a write can have an unknown outcome. */
function failureOf(fault: Fault | null, operation: string): Failure | null {
  if (fault === null) return null;
  const write = WRITES.includes(operation);
  const kind = (of: ErrorKind, done = false): Failure => ({ kind: of, done });
  switch (fault) {
    case 'reset':
      return kind(write ? 'ambiguous' : 'transient');
    case 'lost':
    case 'truncated':
      return write ? kind('ambiguous', true) : kind('transient');
    case 'error':
    case 'html':
      return kind('transient');
    case 'throttled':
      return kind('throttled');
    case 'refused':
      return write ? kind('rejected') : null;
    case 'auth':
      return kind('auth');
    case 'expired':
      if (operation === 'changes') return kind('cursor-expired');
      return operation === 'update' ? kind('stale') : null;
  }
}

function fail({ kind }: Failure): never {
  throw new SyncError(kind, `the CRM was told to fail (${kind})`, { side: 'crm' });
}
