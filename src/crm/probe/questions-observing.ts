/** What a look shows: that what was written is there, what changed, and who was deleted. */
import type { EnumerationEnd, Page } from '../adapter.ts';
import { type Probe, scalarWrite } from './probe.ts';
import type { Question } from './question.ts';

/** A sandbox is small; what is larger is not read to its end for a question. */
const MOST_PAGES = 200;

export const OBSERVING: readonly Question[] = [
  {
    about: 'port',
    asks: 'does a record look the same in a list, in a search and on its own, with every mapped field told?',
    async ask(probe) {
      const email = probe.email();
      const { id } = await probe.create({ emails: [email], phones: [probe.phone()] });
      const read = await probe.side.read(id, probe.options);
      if (read === null) return { found: {}, because: 'it cannot be read', broken: true };
      const { texts, emails, phones } = probe.fields;
      const mapped = [...texts, emails?.field, phones?.field].filter((field) => field !== undefined);
      const untold = mapped.filter((field) => read.fields[field] === undefined);
      if (untold.length > 0)
        return { found: {}, because: `a read does not tell ${untold.join(', ')}`, broken: true };
      const listed = await probe.wait(async () => {
        const pages = await look(probe.side.enumerate(probe.options));
        return pages?.records.find((record) => record.id === id) ?? null;
      });
      if (listed === null) return { found: {}, because: 'the list did not show it in time' };
      const same = JSON.stringify(sorted(listed.value.fields)) === JSON.stringify(sorted(read.fields));
      return {
        found: {},
        because: same ? 'it does' : 'the list shows other values than a read',
        broken: !same,
      };
    },
  },
  {
    about: 'changeCursor',
    asks: 'does a look at the changes show an edit that was made after the cursor, and how late?',
    cannot: ({ side, fields }) =>
      side.manifest.changeCursor === null
        ? 'no change cursor is declared'
        : fields.texts.length === 0
          ? 'no text field is mapped'
          : null,
    async ask(probe) {
      const { side } = probe;
      const declared = side.manifest.changeCursor;
      const [text = ''] = probe.fields.texts;
      const record = await probe.create({ text: 'before' });
      const end = (await look(side.enumerate(probe.options)))?.end;
      const cursor = end?.cursor ?? null;
      if (declared === null || cursor === null)
        return { found: { changeCursor: null }, because: 'the end of the list gave no cursor' };
      const after = await probe.update(record, scalarWrite(text, record.fields[text] ?? null, 'after'));
      const seen = await probe.wait(async () => {
        const pages = await look(side.changes(cursor, probe.options));
        const found = pages?.records.find(({ id }) => id === record.id);
        return JSON.stringify(found?.fields[text]) === JSON.stringify(after.fields[text]) ? true : null;
      });
      if (seen === null) return { found: { changeCursor: null }, because: 'the edit was not shown in time' };
      return {
        found: { changeCursor: { ...declared, lateMs: Math.max(seen.afterMs, declared.lateMs ?? 0) } },
        because: `it was shown after ${seen.afterMs} ms; commits that are late by more cannot be provoked from outside`,
      };
    },
  },
  {
    about: 'canDelete',
    asks: 'is a deleted record gone, is deleting it again done already, and is the deletion shown?',
    async ask(probe) {
      const { side } = probe;
      if (!side.manifest.canDelete)
        return { found: { canDelete: false }, because: 'not declared, so not tried' };
      const record = await probe.create({ emails: [probe.email()] });
      const cursor = side.manifest.changeCursor === null ? null : await cursorOf(probe);
      await probe.delete(record);
      const gone = await probe.wait(async () =>
        (await side.read(record.id, probe.options)) === null ? true : null,
      );
      if (gone === null)
        return { found: { canDelete: false }, because: 'the record is still read after its deletion' };
      await side.delete(record.id, probe.options);
      const shown = await shownAsDeleted(probe, record.id, cursor);
      return {
        found: { canDelete: true, visibleDeletes: shown },
        because: shown
          ? 'it is gone, and shown as deleted'
          : 'it is gone, and nothing shows that it was deleted',
      };
    },
  },
];

async function shownAsDeleted(probe: Probe, id: string, cursor: string | null): Promise<boolean> {
  const { side, options } = probe;
  const once = async () => {
    const pages = await look(cursor === null ? side.enumerate(options) : side.changes(cursor, options));
    return pages?.deletedIds.includes(id) === true ? true : null;
  };
  // Waited for only where it is promised: an absence has no end.
  return (side.manifest.visibleDeletes ? await probe.wait(once) : await once()) !== null;
}

async function cursorOf({ side, options }: Probe): Promise<string | null> {
  return (await look(side.enumerate(options)))?.end?.cursor ?? null;
}

/** A whole look; null where it was too long. */
async function look(pages: AsyncIterable<Page>) {
  const records: Page['records'][number][] = [];
  const deletedIds: string[] = [];
  let end: EnumerationEnd | null = null;
  let count = 0;
  for await (const page of pages) {
    records.push(...page.records);
    deletedIds.push(...page.deletedIds);
    end = page.end;
    if (++count > MOST_PAGES) return null;
  }
  return { records, deletedIds, end };
}

function sorted(fields: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
}
