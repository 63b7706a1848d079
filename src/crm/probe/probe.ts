/**
 * Acts on a CRM through the port alone, with people of its own, and takes them away again. What the questions
 * (questions.ts) find out this way is compared with what the manifest declares: by `udesk-sync probe` for an account that
 * is a sandbox, and by the conformance suite for every adapter.
 */
import type { FieldWrite, Patch, SetOps, SideRecord } from '../../core/record.ts';
import { type Element, isSet, type Value } from '../../core/value.ts';
import { isSyncError, toError } from '../../errors.ts';
import type { Side } from '../adapter.ts';

/** Which of the mapped fields the questions may write. */
export interface ProbeFields {
  /** Free texts; the first is what is tried, the others say of everybody who was made that a probe did it. */
  readonly texts: readonly string[];
  readonly emails: ProbeSet | null;
  readonly phones: ProbeSet | null;
}

export interface ProbeSet {
  readonly field: string;
  readonly shape: 'scalar' | 'set';
}

export interface ProbeWorld {
  readonly side: Side;
  readonly fields: ProbeFields;
  /** Letters and digits that no other probe has used: part of every value. */
  readonly tag: string;
  /** Milliseconds that never jump. */
  readonly clock: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** How long to wait for what was written to show up. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
}

/** People by the words of the probe, not by the CRM's names. */
export interface ProbePerson {
  readonly text?: string | null;
  readonly emails?: readonly string[];
  readonly phones?: readonly string[];
}

export interface Probe extends Omit<ProbeWorld, 'signal'> {
  readonly options: { readonly signal?: AbortSignal };
  /** A marker, addresses and numbers that nobody else has. */
  marker(): string;
  email(): string;
  phone(): string;
  /** Creates somebody who is remembered, and taken away by `cleanUp`. */
  create(person: ProbePerson, marker?: string): Promise<SideRecord>;
  /** Writes as the engine would, from what `current` shows. */
  update(current: SideRecord, patch: Patch): Promise<SideRecord>;
  delete(record: SideRecord): Promise<void>;
  /** Asks until the answer is not null; how long it took counts as 0 when the first answer was it. Null: patience ended. */
  wait<T>(look: () => Promise<T | null>): Promise<{ readonly value: T; readonly afterMs: number } | null>;
  /** Ids that could not be taken away, and why. */
  cleanUp(): Promise<{ readonly made: number; readonly left: readonly Left[] }>;
}

export interface Left {
  readonly id: string;
  readonly why: string;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export function startProbe({ signal, ...world }: ProbeWorld): Probe {
  const { side, fields, tag } = world;
  const options = signal === undefined ? {} : { signal };
  const made = new Set<string>();
  const markers = new Set<string>();
  let counter = 0;
  const next = (): number => ++counter;

  const probe: Probe = {
    ...world,
    options,
    marker: () => `probe-${tag}-${next()}`,
    email: () => `probe-${tag}-${next()}@example.com`,
    phone: () => `139${numberOf(tag)}${String(next()).padStart(3, '0')}`,

    async create(person, marker = probe.marker()) {
      markers.add(marker);
      // Many a CRM takes nobody without a name or an e-mail.
      const patch = patchOf(fields, tag, { text: `probe ${tag}`, emails: [probe.email()], ...person });
      const record = await side.create({ patch, marker }, options);
      made.add(record.id);
      return record;
    },

    update: (current, patch) => side.update({ id: current.id, current, patch }, options),

    async delete(record) {
      await side.delete(record.id, options);
      made.delete(record.id);
    },

    async wait(look) {
      const startedAt = world.clock();
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        const value = await look();
        const afterMs = Math.round(world.clock() - startedAt);
        if (value !== null) return { value, afterMs: pauseMs === FIRST_PAUSE_MS ? 0 : afterMs };
        if (afterMs + pauseMs > world.patienceMs) return null;
        await world.sleep(pauseMs, signal);
      }
    },

    async cleanUp() {
      const total = made.size;
      // A create whose answer was lost may have happened: its marker finds it.
      if (side.manifest.externalId !== null && side.manifest.lookups.includes('token')) {
        for (const marker of markers) {
          const found = await side.lookup('token', marker).catch(() => []);
          for (const { id } of found) made.add(id);
        }
      }
      const left: Left[] = [];
      for (const id of made) {
        try {
          if (side.manifest.canDelete) await side.delete(id);
          else left.push({ id, why: 'this CRM cannot delete' });
        } catch (thrown) {
          left.push({ id, why: isSyncError(thrown) ? thrown.kind : toError(thrown).name });
        }
      }
      return { made: total, left };
    },
  };
  return probe;
}

export function scalarWrite(field: string, before: Value, after: Value): Patch {
  return { [field]: { field, before, after, ops: null } };
}

/** A set changed by these operations, as a plan would hold it. */
export function setWrite(field: string, before: Value, ops: Partial<SetOps>): Patch {
  const held = isSet(before) ? before : [];
  const { add = [], remove = [], change = [] } = ops;
  const after: Element[] = held
    .filter((element) => !remove.some((gone) => gone.value === element.value))
    .map((element) => ({
      ...element,
      value: change.find((edit) => edit.from === element.value)?.to ?? element.value,
    }));
  const write: FieldWrite = {
    field,
    before: held,
    after: [...after, ...add.map((value) => ({ id: null, value }))],
    ops: { add, remove, change },
  };
  return { [field]: write };
}

export function elementsOf(record: SideRecord, field: string): readonly Element[] {
  const value = record.fields[field] ?? null;
  return isSet(value) ? value : [];
}

function patchOf({ texts, emails, phones }: ProbeFields, tag: string, person: ProbePerson): Patch {
  const [text, ...others] = texts;
  return {
    ...Object.assign({}, ...others.map((other) => scalarWrite(other, null, `probe ${tag}`))),
    ...(text === undefined || person.text === undefined ? {} : scalarWrite(text, null, person.text)),
    ...valuesOf(emails, person.emails),
    ...valuesOf(phones, person.phones),
  };
}

function valuesOf(place: ProbeSet | null, values: readonly string[] | undefined): Patch {
  if (place === null || values === undefined) return {};
  const after = place.shape === 'set' ? values.map((value) => ({ id: null, value })) : (values[0] ?? null);
  return scalarWrite(place.field, null, after);
}

/** Five digits that follow from the tag. */
function numberOf(tag: string): string {
  let number = 7;
  for (const char of tag) number = (number * 31 + (char.codePointAt(0) ?? 0)) % 100_000;
  return String(number).padStart(5, '0');
}
