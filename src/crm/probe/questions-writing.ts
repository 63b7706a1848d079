/** What a write keeps: compare-and-set, times, ids of elements, room, and texts as they were sent. */
import type { SideRecord } from '../../core/record.ts';
import { isAbsent, type Value } from '../../core/value.ts';
import { isSyncError } from '../../errors.ts';
import { elementsOf, type Probe, scalarWrite, setWrite } from './probe.ts';
import type { Answer, Question } from './question.ts';

const noText = ({ fields }: Probe): string | null =>
  fields.texts.length === 0 ? 'no text field is mapped that both may hold anything and may be written' : null;

const noEmails = ({ fields }: Probe): string | null =>
  fields.emails?.shape === 'set' ? null : 'no set of e-mails is mapped';

/** Several, because a version that is a time lets one through only now and then. */
const STALE_WRITES = 4;
const MOST_ELEMENTS = 6;
const LONG = 100_000;

export const WRITING: readonly Question[] = [
  {
    about: 'compareAndSet',
    asks: 'is an update refused that was planned on what the record held before somebody edited it?',
    cannot: noText,
    async ask(probe) {
      const [text = ''] = probe.fields.texts;
      let refused = 0;
      for (let round = 0; round < STALE_WRITES; round++) {
        const seen = await probe.create({ text: 'seen' });
        const before = seen.fields[text] ?? null;
        await probe.update(seen, scalarWrite(text, before, `by a person ${round}`));
        if (await isRefused(() => probe.update(seen, scalarWrite(text, before, `ours ${round}`)))) refused++;
      }
      const compareAndSet = refused === STALE_WRITES;
      return {
        found: { compareAndSet },
        because: `${refused} of ${STALE_WRITES} such updates were refused as stale`,
      };
    },
  },
  {
    about: 'timeResolutionMs',
    asks: 'do records carry the time of their last change, and in which steps?',
    cannot: noText,
    async ask(probe) {
      const [text = ''] = probe.fields.texts;
      let record = await probe.create({ text: 'time 0' });
      const times = [record.updatedAt];
      const edit = async (sleepMs: number): Promise<void> => {
        await probe.sleep(sleepMs);
        const before = record.fields[text] ?? null;
        record = await probe.update(record, scalarWrite(text, before, `time ${times.length}`));
        times.push(record.updatedAt);
      };
      // Not in step with a clock of seconds or tenths of them.
      for (let n = 1; n <= 5; n++) await edit(37);
      // The first second of a minute looks like a clock of minutes, and the next one tells.
      if (times.every((time) => time !== null && Date.parse(time) % 60_000 === 0)) await edit(1_100);
      const ms = times.flatMap((time) => (time === null ? [] : [Date.parse(time)]));
      if (ms.length < times.length || ms.some(Number.isNaN))
        return { found: { trustedTime: false }, because: 'records carry no time of their last change' };
      if (ms.some((time, at) => at > 0 && time < (ms[at - 1] ?? time)))
        return { found: { trustedTime: false }, because: 'the time of a later change was earlier' };
      const step = [60_000, 1_000, 100, 10].find((steps) => ms.every((time) => time % steps === 0)) ?? 1;
      // A clock that stands still in a test tells nothing about its steps.
      const moved = new Set(ms).size > 1 || step >= 1_000;
      const { timeResolutionMs } = probe.side.manifest;
      return {
        found: { trustedTime: true, timeResolutionMs: moved ? step : timeResolutionMs },
        because: moved ? `all of ${ms.length} times are multiples of ${step} ms` : 'the time did not move',
      };
    },
  },
  {
    about: 'elementIds',
    asks: 'do the elements of a set have ids of their own, which an edit in place keeps?',
    cannot: noEmails,
    async ask(probe) {
      const field = probe.fields.emails?.field ?? '';
      const record = await probe.create({ emails: [probe.email(), probe.email()] });
      const held = elementsOf(record, field);
      const ids = new Set(held.map(({ id }) => id));
      if (ids.has(null) || ids.size < held.length || held.length < 2)
        return { found: { elementIds: false }, because: 'two e-mails have no ids that differ' };
      const [first] = held;
      const to = probe.email();
      const change = [{ id: first?.id ?? null, from: first?.value ?? '', to }];
      const after = elementsOf(await probe.update(record, setWrite(field, held, { change })), field);
      const elementIds = after.some(({ id, value }) => id === first?.id && value === to);
      return {
        found: { elementIds },
        because: elementIds ? 'an e-mail that was edited in place kept its id' : 'an edit gave a new id',
      };
    },
  },
  {
    about: 'capacity',
    asks: 'how many e-mails has a record room for, and is one more refused by name?',
    cannot: noEmails,
    async ask(probe) {
      const field = probe.fields.emails?.field ?? '';
      const declared = probe.side.manifest.capacity;
      const { [field]: _, ...others } = declared;
      const most = Math.max(MOST_ELEMENTS, (declared[field] ?? 0) + 1);
      let record = await probe.create({ emails: [probe.email()] });
      while (elementsOf(record, field).length < most) {
        const held = elementsOf(record, field);
        try {
          record = await probe.update(record, setWrite(field, held, { add: [probe.email()] }));
        } catch (thrown) {
          if (!isSyncError(thrown, 'rejected') || thrown.details.code !== 'capacity') throw thrown;
          const found = { capacity: { ...others, [field]: held.length } };
          return { found, because: `the ${held.length + 1}th was refused for want of room` };
        }
        if (elementsOf(record, field).length !== held.length + 1) {
          return {
            found: { capacity: { ...others, [field]: held.length } },
            because: `the ${held.length + 1}th was dropped without a word`,
            broken: true,
          };
        }
      }
      return { found: { capacity: others }, because: `${most} found room` };
    },
  },
  {
    about: 'port',
    asks: 'is a long text kept whole, or refused by name, and never cut?',
    cannot: noText,
    ask: (probe) => keepsText(probe, '长'.repeat(LONG)),
  },
  {
    about: 'port',
    asks: 'does the answer of a write show what a read shows then, in whatever form the CRM keeps it?',
    cannot: noText,
    async ask(probe) {
      const [text = ''] = probe.fields.texts;
      const words: string[] = [];
      let record = await probe.create({ text: 'form' });
      for (const [name, value] of FORMS) {
        record = await probe.update(record, scalarWrite(text, record.fields[text] ?? null, value));
        const read = await probe.side.read(record.id, probe.options);
        const [told, kept] = [record.fields[text], read?.fields[text]];
        if (kept === undefined || JSON.stringify(told) !== JSON.stringify(kept))
          return { found: {}, because: `for ${name} the answer and a read differ`, broken: true };
        words.push(`${name}: ${formOf(value, kept)}`);
      }
      return { found: {}, because: words.join(', ') };
    },
  },
];

const FORMS: readonly (readonly [name: string, value: string | null])[] = [
  ['null', null],
  ['the empty text', ''],
  ['spaces at both ends', '  a b  '],
  ['line breaks', 'one\ntwo'],
  ['emoji and rare characters', '𠮷 👩‍👩‍👧‍👦 é'],
];

function formOf(sent: string | null, kept: Value): string {
  if (kept === sent) return 'as sent';
  if (isAbsent(kept)) return 'as absent';
  if (kept === null) return 'as null';
  if (kept === '') return 'as empty';
  return kept === sent?.trim() ? 'trimmed' : 'in another form';
}

async function keepsText(probe: Probe, value: string): Promise<Answer> {
  const [text = ''] = probe.fields.texts;
  const before = await probe.create({ text: 'short' });
  let after: SideRecord;
  try {
    after = await probe.update(before, scalarWrite(text, before.fields[text] ?? null, value));
  } catch (thrown) {
    if (!isSyncError(thrown, 'rejected')) throw thrown;
    const kept = (await probe.side.read(before.id, probe.options))?.fields[text];
    const whole = JSON.stringify(kept) === JSON.stringify(before.fields[text]);
    const because = `${value.length} characters were refused${whole ? '' : ', and the record changed all the same'}`;
    return { found: {}, because, broken: !whole };
  }
  const whole = after.fields[text] === value;
  const because = `${value.length} characters were ${whole ? 'kept' : 'cut or changed without a word'}`;
  return { found: {}, because, broken: !whole };
}

async function isRefused(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return false;
  } catch (thrown) {
    if (isSyncError(thrown, 'stale')) return true;
    throw thrown;
  }
}
