/**
 * Which records of Odoo the texts of a patch mean: a salesperson by e-mail, a company or a tag by name. Never guessed
 * (promise P1): a word that several have means none of them. Only a tag that is not there yet is created, once.
 */
import { normalizeText } from '../../core/equivalence.ts';
import { SyncError } from '../../errors.ts';
import { sha256 } from '../../lib/hash.ts';
import { isObject } from './dialect.ts';
import { type Domain, likeText } from './domain.ts';
import type { Edit, FoundIds } from './encode.ts';
import { notUnderstood } from './failure.ts';
import type { WordPlace } from './places.ts';
import { contextOf, PARTNER, type Reader, searchRead } from './reader.ts';

export async function idsOfWords(reader: Reader, edits: readonly Edit[]): Promise<FoundIds> {
  const ids = new Map<string, Map<string, number>>();
  for (const edit of edits) {
    if (edit.kind === 'value') continue;
    const texts = edit.kind === 'reference' ? [edit.text] : edit.add;
    const known = ids.get(edit.place.field) ?? new Map<string, number>();
    ids.set(edit.place.field, known);
    for (const text of texts) if (!known.has(text)) known.set(text, await idOfWord(reader, edit.place, text));
  }
  return ids;
}

async function idOfWord(reader: Reader, place: WordPlace, text: string): Promise<number> {
  const found = await search(reader, place, text);
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined && place.kind === 'tags' && place.create)
    return await createTag(reader, place, text);
  const words = only === undefined ? 'names nothing that Odoo knows' : 'is the name of several in Odoo';
  throw new SyncError('rejected', `the text for "${place.field}" ${words}`, {
    side: 'crm',
    field: place.field,
    code: 'word',
    advice: `Look at ${place.by} of ${place.model} in Odoo.`,
  });
}

/** What is archived may still be held, and is not given to anybody anew. */
async function search(reader: Reader, { field, model, by }: WordPlace, text: string): Promise<number[]> {
  const equivalence = reader.fields.find(({ name }) => name === field)?.equivalence ?? 'text';
  const key = (word: string) => normalizeText(equivalence, word, reader.region);
  const narrow: Domain =
    model === 'res.users' ? [['share', '=', false]] : model === PARTNER ? [['is_company', '=', true]] : [];
  const { rows } = await searchRead(reader, model, {
    domain: [...narrow, [by, 'ilike', likeText(text.trim())]],
    fields: [by],
    context: { active_test: true },
  });
  return rows.flatMap((row) => {
    const word = row[by];
    return typeof row.id === 'number' && typeof word === 'string' && key(word) === key(text) ? [row.id] : [];
  });
}

/** Claimed by an external id, as partners are: two of us that create the same tag at once make one. */
async function createTag(reader: Reader, place: WordPlace, text: string): Promise<number> {
  const { connection, config } = reader;
  const name = `tag_${sha256(`${place.model}\n${normalizeText('text', text, '')}`).slice(0, 24)}`;
  const { result, about } = await connection.run({
    model: place.model,
    method: 'load',
    params: { fields: ['id', place.by], data: [[`${config.externalIdModule}.${name}`, text.trim()]] },
    context: { ...contextOf(config), ...CLAIM },
    write: true,
  });
  const id = isObject(result) && Array.isArray(result.ids) ? result.ids[0] : undefined;
  if (typeof id === 'number') return id;
  const [twin] = await search(reader, place, text);
  if (twin !== undefined) return twin;
  if (!isObject(result)) throw notUnderstood(about, 'the answer of load holds no ids');
  throw new SyncError('rejected', `Odoo did not create the tag for "${place.field}"`, {
    side: 'crm',
    field: place.field,
    advice: 'Create it in Odoo, or give the user of the sync the right to.',
  });
}

/** With these, `load` creates what has no such external id yet, and leaves alone what has. */
export const CLAIM = { mode: 'update', noupdate: true } as const;
