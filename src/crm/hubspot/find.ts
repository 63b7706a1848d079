/** Live contacts by a key that people are matched by. What is found is looked at again, as the pair compares. */
import { normalizeText } from '../../core/equivalence.ts';
import { phoneForms } from '../../core/phone.ts';
import type { SideRecord } from '../../core/record.ts';
import type { MatchKeyKind } from '../../core/spec.ts';
import type { CallOptions } from '../adapter.ts';
import type { AdapterContext } from '../definition.ts';
import { holdsKey } from '../holds-key.ts';
import { isObject, textOf } from '../http/paths.ts';
import { CONTACTS, type Reader, readBatch, resultsOf } from './contacts.ts';
import { EMAIL, OTHER_EMAILS, propertiesOf } from './places.ts';

export interface Finder extends Reader {
  readonly fields: AdapterContext['fields'];
  readonly region: string;
}

/** Most filter groups of one search ("Search the CRM"). */
const MAX_GROUPS = 5;
/** More people than this on one number are an office, and link nobody. */
const FOUND_ROWS = 100;
/** Where HubSpot keeps a phone in the form that it searches by: digits without the country. */
const SEARCHABLE: Readonly<Record<string, string>> = {
  phone: 'hs_searchable_calculated_phone_number',
  mobilephone: 'hs_searchable_calculated_mobile_number',
};

/**
 * The Udesk id and the primary e-mail are asked for in the record store, which lags behind nothing. Other e-mails and
 * phones are found by search, which shows a change some moments later.
 */
export async function lookup(
  finder: Finder,
  kind: MatchKeyKind,
  value: string,
  options: CallOptions = {},
): Promise<SideRecord[]> {
  const wanted = value.trim();
  if (wanted === '') return [];
  const found =
    kind === 'token'
      ? await readBatch(finder, [value], options, finder.externalId)
      : kind === 'email'
        ? await byEmail(finder, wanted, options)
        : await byPhone(finder, wanted, options);
  return found.map(({ record }) => record).filter((record) => holdsKey(finder, record, kind, value));
}

async function byEmail(finder: Finder, email: string, options: CallOptions) {
  // What is no address can be nobody's here, and would only be refused.
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) return [];
  const primary = await readBatch(finder, [email], options, EMAIL);
  if (primary.length > 0) return primary;
  const groups = [
    { filters: [{ propertyName: EMAIL, operator: 'EQ', value: email.toLowerCase() }] },
    { filters: [{ propertyName: OTHER_EMAILS, operator: 'CONTAINS_TOKEN', value: email.toLowerCase() }] },
  ];
  return await bySearch(finder, groups, options);
}

async function byPhone(finder: Finder, phone: string, options: CallOptions) {
  const forms = phoneForms(normalizeText('phone', phone, finder.region), finder.region);
  const [national = phone] = forms;
  const groups = phonesOf(finder).flatMap((name) => {
    const searchable = SEARCHABLE[name];
    const values = searchable === undefined ? forms : forms.slice(-1);
    return [
      ...values.map((value) => ({ propertyName: name, operator: 'EQ', value })),
      ...(searchable === undefined ? [] : [{ propertyName: searchable, operator: 'EQ', value: national }]),
    ].map((one) => ({ filters: [one] }));
  });
  return await bySearch(finder, groups, options);
}

/** The properties in which the pair keeps phones. */
export function phonesOf({ places, fields }: Pick<Finder, 'places' | 'fields'>): string[] {
  const mapped = fields.filter(({ equivalence }) => equivalence === 'phone').map(({ name }) => name);
  return places.filter(({ field }) => mapped.includes(field)).flatMap(propertiesOf);
}

async function bySearch(finder: Finder, groups: readonly unknown[], options: CallOptions) {
  const ids = new Set<string>();
  for (let at = 0; at < groups.length; at += MAX_GROUPS) {
    const answer = await finder.api.run({
      method: 'POST',
      path: `${CONTACTS}/search`,
      body: {
        filterGroups: groups.slice(at, at + MAX_GROUPS),
        properties: ['hs_object_id'],
        limit: FOUND_ROWS,
      },
      write: false,
      signal: options.signal,
    });
    for (const row of resultsOf(answer)) {
      const id = isObject(row) ? textOf(row.id) : null;
      if (id !== null) ids.add(id);
    }
  }
  return await readBatch(finder, [...ids], options);
}
