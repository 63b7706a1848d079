/**
 * The search of the HubSpot account of the tests ("Search the CRM"): five filter groups, 200 results a page, 400 beyond
 * 10,000, and an index that shows a write some time after it.
 */
import { type Contact, type HubspotStore, Refused } from './hubspot-store.ts';

const MAX_RESULTS = 10_000;
const MAX_PAGE = 200;
const MAX_GROUPS = 5;
const MAX_FILTERS_OF_GROUP = 6;
const MAX_FILTERS = 18;
/** "A query can contain a maximum of 3,000 characters." */
const MAX_BODY = 3_000;

interface Filter {
  readonly propertyName: string;
  readonly operator: string;
  readonly value?: string;
  readonly highValue?: string;
  readonly values?: readonly string[];
}

/** A contact as the index knows it. */
type Entry = ReadonlyMap<string, string | null>;

export class HubspotSearch {
  readonly #store: HubspotStore;
  readonly #index = new Map<string, Entry>();
  readonly #waiting = new Set<Contact>();
  /** True: the index shows nothing new before `catchUp()`. */
  lags = false;

  constructor(store: HubspotStore) {
    this.#store = store;
    store.onWrite = (contact) => {
      this.#waiting.add(contact);
      if (!this.lags) this.catchUp();
    };
  }

  catchUp(): void {
    for (const contact of this.#waiting) {
      if (contact.archivedAtMs !== null || contact.mergedInto !== null) this.#index.delete(contact.id);
      else {
        const names = [...this.#store.properties.keys()];
        this.#index.set(contact.id, new Map(names.map((name) => [name, this.#store.value(contact, name)])));
      }
    }
    this.#waiting.clear();
  }

  answer(body: Readonly<Record<string, unknown>>): unknown {
    if (JSON.stringify(body).length > MAX_BODY) throw bad('The request is too long');
    const groups = ((body.filterGroups ?? []) as { filters: Filter[] }[]).map(({ filters }) => filters);
    const limit = Number(body.limit ?? 10);
    const after = Number(body.after ?? 0);
    if (!(limit >= 0 && limit <= MAX_PAGE)) throw bad(`Page size ${limit} is not between 0 and ${MAX_PAGE}`);
    if (after + limit > MAX_RESULTS) throw bad(`The search cannot page beyond ${MAX_RESULTS} results`);
    const sizes = groups.map((filters) => filters.length);
    if (groups.length > MAX_GROUPS || sizes.some((size) => size > MAX_FILTERS_OF_GROUP))
      throw bad('too many filter groups, or filters in one');
    if (sizes.reduce((sum, size) => sum + size, 0) > MAX_FILTERS) throw bad('too many filters');
    const rows = [...this.#index].filter(
      ([, entry]) =>
        groups.length === 0 || groups.some((filters) => filters.every((one) => this.#fits(entry, one))),
    );
    const [sort] = (body.sorts ?? []) as (string | { propertyName: string; direction?: string })[];
    this.#sort(rows, sort);
    const page = rows.slice(after, after + limit);
    const asked = (body.properties ?? []) as string[];
    const reached = after + page.length;
    return {
      total: rows.length,
      results: page.map(([id, entry]) => shown(id, entry, asked)),
      ...(reached < rows.length && page.length > 0 ? { paging: { next: { after: String(reached) } } } : {}),
    };
  }

  #fits(entry: Entry, { propertyName, operator, value = '', highValue = '', values = [] }: Filter): boolean {
    const type = this.#store.properties.get(propertyName)?.type;
    if (type === undefined) throw bad(`There was a problem with the request: no property ${propertyName}`);
    const held = entry.get(propertyName) ?? '';
    const compared = (other: string) => compare(type, held, other);
    switch (operator) {
      case 'EQ':
        return held !== '' && compared(value) === 0;
      case 'NEQ':
        return compared(value) !== 0;
      case 'LT':
        return held !== '' && compared(value) < 0;
      case 'LTE':
        return held !== '' && compared(value) <= 0;
      case 'GT':
        return held !== '' && compared(value) > 0;
      case 'GTE':
        return held !== '' && compared(value) >= 0;
      case 'BETWEEN':
        return held !== '' && compared(value) >= 0 && compared(highValue) <= 0;
      case 'IN':
        return held !== '' && values.some((one) => compared(one) === 0);
      case 'NOT_IN':
        return !values.some((one) => compared(one) === 0);
      case 'HAS_PROPERTY':
        return held !== '';
      case 'NOT_HAS_PROPERTY':
        return held === '';
      case 'CONTAINS_TOKEN':
        return hasToken(held, value);
      case 'NOT_CONTAINS_TOKEN':
        return !hasToken(held, value);
      default:
        throw bad(`no operator ${operator}`);
    }
  }

  #sort(
    rows: [string, Entry][],
    sort: string | { propertyName: string; direction?: string } | undefined,
  ): void {
    const by = typeof sort === 'string' ? sort.replace(/^-/, '') : (sort?.propertyName ?? 'createdate');
    const down = typeof sort === 'string' ? sort.startsWith('-') : sort?.direction === 'DESCENDING';
    const type = this.#store.properties.get(by)?.type ?? 'string';
    rows.sort(([a, left], [b, right]) => {
      const order = compare(type, left.get(by) ?? '', right.get(by) ?? '') || Number(a) - Number(b);
      return down ? -order : order;
    });
  }
}

/** Default properties of contacts come with every result. */
const DEFAULTS = ['createdate', 'email', 'firstname', 'hs_object_id', 'lastmodifieddate', 'lastname'];

function shown(id: string, entry: Entry, asked: readonly string[]): unknown {
  const names = asked.length === 0 ? DEFAULTS : [...asked, 'createdate', 'hs_object_id', 'lastmodifieddate'];
  return {
    id,
    properties: Object.fromEntries(
      names.filter((name) => entry.has(name)).map((name) => [name, entry.get(name) ?? null]),
    ),
    createdAt: entry.get('createdate'),
    updatedAt: entry.get('lastmodifieddate'),
    archived: false,
  };
}

function compare(type: string, a: string, b: string): number {
  if (type === 'number') return Number(a) - Number(b);
  if (type === 'datetime') return timeOf(a) - timeOf(b);
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}

function timeOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text);
}

function hasToken(held: string, wanted: string): boolean {
  const pattern = wanted.toLowerCase().split('*').map(escaped).join('.*');
  return held
    .toLowerCase()
    .split(/[;\s,]+/)
    .some((token) => token !== '' && new RegExp(`^${pattern}$`).test(token));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function bad(message: string): Refused {
  return new Refused(400, 'VALIDATION_ERROR', message);
}
