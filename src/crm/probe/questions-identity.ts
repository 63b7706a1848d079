/** Who is who: external ids, searches, and what a create does with somebody who exists. */
import type { MatchKeyKind } from '../../core/spec.ts';
import { isSyncError } from '../../errors.ts';
import type { Probe } from './probe.ts';
import type { Question } from './question.ts';

export const IDENTITY: readonly Question[] = [
  {
    about: 'externalId',
    asks: 'does a create that is repeated with one marker make one record, and does the record carry the marker?',
    async ask(probe) {
      const { side } = probe;
      const marker = probe.marker();
      const person = { emails: [probe.email()], phones: [probe.phone()] };
      const first = await probe.create(person, marker);
      if (first.externalId !== marker) {
        return { found: { externalId: null }, because: 'the created record does not carry the marker' };
      }
      // A search that lags must not decide this: the engine waits for it, too.
      await probe.sleep(side.manifest.lookupLagMs);
      const again = [await probe.create(person, marker), ...(await atOnce(probe, marker))];
      const ids = new Set([first, ...again].map(({ id }) => id));
      const unique = ids.size === 1;
      return {
        found: { externalId: { unique } },
        because: unique
          ? 'four creates with one marker, two of them at once, made one record'
          : `creates with one marker made ${ids.size} records`,
      };
    },
  },
  {
    about: 'lookups',
    asks: 'by what is somebody found who was just created, and after how long?',
    async ask(probe) {
      const marker = probe.marker();
      const [email, phone] = [probe.email(), probe.phone()];
      const { id } = await probe.create({ emails: [email], phones: [phone] }, marker);
      const { emails, phones } = probe.fields;
      const kinds: readonly (readonly [MatchKeyKind, string])[] = [
        ['token', marker],
        ...(emails === null ? [] : ([['email', email.toUpperCase()]] as const)),
        ...(phones === null ? [] : ([['cellphone', `+86 ${phone}`]] as const)),
      ];
      const found: MatchKeyKind[] = [];
      let lagMs = 0;
      for (const [kind, value] of kinds) {
        const seen = await probe.wait(async () => {
          const records = await probe.side.lookup(kind, value, probe.options);
          return records.some((record) => record.id === id) ? true : null;
        });
        if (seen === null) continue;
        found.push(kind);
        lagMs = Math.max(lagMs, seen.afterMs);
      }
      const asked = kinds.map(([kind]) => kind);
      // Of kinds that could not be asked for the declaration stands.
      const unasked = probe.side.manifest.lookups.filter((kind) => !asked.includes(kind));
      return {
        found: { lookups: [...found, ...unasked], lookupLagMs: lagMs },
        because: `found by ${found.join(', ') || 'nothing'}, after ${lagMs} ms at most`,
      };
    },
  },
  {
    about: 'createMayOverwrite',
    asks: 'does the create of somebody whose e-mail or phone exists change the record that is there?',
    cannot: ({ fields }) =>
      fields.emails === null && fields.phones === null ? 'no e-mail and no phone is mapped' : null,
    async ask(probe) {
      const person = { emails: [probe.email()], phones: [probe.phone()] };
      const first = await probe.create(person);
      try {
        const second = await probe.create(person);
        const found = { createMayOverwrite: second.id === first.id };
        return { found, because: found.createMayOverwrite ? 'it did' : 'it made another record' };
      } catch (thrown) {
        if (!isSyncError(thrown, 'rejected')) throw thrown;
        return { found: { createMayOverwrite: false }, because: 'it was refused' };
      }
    },
  },
];

async function atOnce(probe: Probe, marker: string) {
  const person = { emails: [probe.email()] };
  return Promise.all([probe.create(person, marker), probe.create(person, marker)]);
}
