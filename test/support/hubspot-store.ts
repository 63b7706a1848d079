/**
 * The contacts of the HubSpot account of the tests. The facts are those of the vendor's documentation; each names its page.
 * Where the documentation leaves something open, a switch lets the tests try both.
 */

export interface HubspotProperty {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly fieldType: string;
  readonly groupName: string;
  readonly hasUniqueValue: boolean;
  readonly readOnly: boolean;
  readonly options: readonly string[];
}

/** "Properties", `propertiesWithHistory`. */
export interface Version {
  readonly value: string;
  readonly timestamp: string;
  readonly sourceType: string;
  readonly sourceId?: string;
  readonly sourceLabel?: string;
  readonly updatedByUserId?: number;
}

export type Source = Omit<Version, 'value' | 'timestamp'>;
export const APP: Source = { sourceType: 'INTEGRATION', sourceId: '4242', sourceLabel: 'udesk-sync' };
export const USER: Source = { sourceType: 'CRM_UI', sourceId: 'userId:77', updatedByUserId: 77 };

export interface Contact {
  readonly id: string;
  readonly createdAtMs: number;
  updatedAtMs: number;
  archivedAtMs: number | null;
  mergedInto: Contact | null;
  /** Oldest first. */
  readonly versions: Map<string, Version[]>;
  /** Raised by every write, whoever made it. */
  writes: number;
}

/** "Error handling": category, message, errors. */
export class Refused extends Error {
  readonly status: number;
  readonly category: string;
  readonly code: string | null;
  constructor(status: number, category: string, message: string, code: string | null = null) {
    super(message);
    this.status = status;
    this.category = category;
    this.code = code;
  }
}

export interface Switches {
  /** What becomes of a primary e-mail that another takes the place of: not documented. */
  replaced: 'dropped' | 'kept';
  /** How a batch of one tells its refusal: as a whole, or row by row ("207 Multi-Status"). */
  batchErrors: 'whole' | 'row';
  /** Whether a contact that was merged into another is listed with the archived ones, and since when: not documented. */
  mergedListed: 'no' | 'without a time' | 'since the merge';
}

const STRING = { type: 'string', fieldType: 'text' };
const property = (name: string, over: Partial<HubspotProperty> = {}): HubspotProperty => ({
  name,
  label: name,
  ...STRING,
  groupName: 'contactinformation',
  hasUniqueValue: false,
  readOnly: false,
  options: [],
  ...over,
});
const computed = (name: string, type = 'string') => property(name, { type, readOnly: true });

export class HubspotStore {
  readonly properties = new Map<string, HubspotProperty>(
    [
      property('firstname'),
      property('lastname'),
      property('company'),
      property('email'),
      property('phone', { type: 'phone_number', fieldType: 'phonenumber' }),
      property('mobilephone', { type: 'phone_number', fieldType: 'phonenumber' }),
      property('hs_marketable', { type: 'bool', fieldType: 'booleancheckbox' }),
      computed('hs_additional_emails'),
      computed('hs_object_id', 'number'),
      computed('hs_merged_object_ids'),
      computed('createdate', 'datetime'),
      computed('lastmodifieddate', 'datetime'),
      computed('hs_searchable_calculated_phone_number'),
      computed('hs_searchable_calculated_mobile_number'),
    ].map((one) => [one.name, one]),
  );
  readonly all = new Map<string, Contact>();
  readonly switches: Switches = { replaced: 'dropped', batchErrors: 'whole', mergedListed: 'no' };
  /** Writes that were done, whoever made them. */
  writes = 0;
  clock: () => number = Date.now;
  /** Told after each write; the search index listens. */
  onWrite: (contact: Contact) => void = () => {};
  #lastId = 100;

  define(name: string, over: Partial<HubspotProperty> = {}): void {
    this.properties.set(name, property(name, over));
  }

  live(): Contact[] {
    return [...this.all.values()].filter((one) => one.archivedAtMs === null && one.mergedInto === null);
  }

  archived(): Contact[] {
    const listed = (one: Contact) => one.mergedInto !== null && this.switches.mergedListed !== 'no';
    return [...this.all.values()].filter((one) => one.archivedAtMs !== null || listed(one));
  }

  /** Null: not archived, or the list does not say when. */
  archivedSinceMs({ archivedAtMs, mergedInto }: Contact): number | null {
    const mergedAtMs = this.switches.mergedListed === 'since the merge' ? mergedInto?.createdAtMs : null;
    return archivedAtMs ?? mergedAtMs ?? null;
  }

  /** "Updated merge functionality for contacts and companies": both previous ids point to the resulting record. */
  find(id: string): Contact | undefined {
    let contact = this.all.get(id);
    while (contact?.mergedInto) contact = contact.mergedInto;
    return contact;
  }

  value(contact: Contact, name: string): string | null {
    switch (name) {
      case 'hs_object_id':
        return contact.id;
      case 'createdate':
        return new Date(contact.createdAtMs).toISOString();
      case 'lastmodifieddate':
        return new Date(contact.updatedAtMs).toISOString();
      // "Search the CRM": the area code and the local number, without the country.
      case 'hs_searchable_calculated_phone_number':
        return local(this.value(contact, 'phone'));
      case 'hs_searchable_calculated_mobile_number':
        return local(this.value(contact, 'mobilephone'));
      default:
        return contact.versions.get(name)?.at(-1)?.value ?? null;
    }
  }

  byUnique(name: string, value: string): Contact | undefined {
    return this.live().find((one) => this.value(one, name) === value);
  }

  emails(contact: Contact): string[] {
    return [this.value(contact, 'email') ?? '', ...this.others(contact)].filter((one) => one !== '');
  }

  others(contact: Contact): string[] {
    return (this.value(contact, 'hs_additional_emails') ?? '').split(';').filter((one) => one !== '');
  }

  insert(values: Readonly<Record<string, string>>, source: Source = USER): Contact {
    const now = this.clock();
    const contact: Contact = {
      id: String(++this.#lastId),
      createdAtMs: now,
      updatedAtMs: now,
      archivedAtMs: null,
      mergedInto: null,
      versions: new Map(),
      writes: 0,
    };
    const stored = this.#checked(values, contact);
    this.all.set(contact.id, contact);
    this.#store(contact, stored, source);
    return contact;
  }

  /** Names what is wrong before anything is stored: a call is done whole or not at all. */
  edit(contact: Contact, values: Readonly<Record<string, string>>, source: Source = USER): void {
    const stored = this.#checked(values, contact);
    const [before, after] = [this.value(contact, 'email') ?? '', stored.email];
    if (after !== undefined && after !== before) {
      const kept = this.switches.replaced === 'kept' && before !== '' && after !== '';
      const others = [...this.others(contact).filter((one) => one !== after), ...(kept ? [before] : [])];
      stored.hs_additional_emails = others.join(';');
    }
    this.#store(contact, stored, source);
  }

  /** "Add a secondary email address": PUT of one address. */
  addOther(contact: Contact, email: string, source: Source = USER): void {
    const { email: value = '' } = this.#checked({ email }, contact);
    if (this.emails(contact).includes(value)) return;
    this.#store(contact, { hs_additional_emails: [...this.others(contact), value].join(';') }, source);
  }

  removeOther(contact: Contact, email: string, source: Source = USER): void {
    const others = this.others(contact);
    const rest = others.filter((one) => one !== email.toLowerCase());
    if (rest.length === others.length) throw new Refused(404, 'OBJECT_NOT_FOUND', 'no such secondary email');
    this.#store(contact, { hs_additional_emails: rest.join(';') }, source);
  }

  /** As a person sets them in the browser: the first is the primary one. */
  setEmails(contact: Contact, [primary = '', ...others]: readonly string[], source: Source = USER): void {
    const folded = others.map((one) => one.toLowerCase());
    this.#store(contact, { email: primary.toLowerCase(), hs_additional_emails: folded.join(';') }, source);
  }

  archive(contact: Contact): void {
    contact.archivedAtMs = this.clock();
    this.#touch(contact);
  }

  /** The result is a new record with a new id; the values of the primary record win. */
  merge(primary: Contact, other: Contact, source: Source = USER): Contact {
    const names = new Set([...primary.versions.keys(), ...other.versions.keys()]);
    names.delete('hs_additional_emails');
    names.delete('hs_merged_object_ids');
    const values = [...names].map((name) => {
      const first = this.value(primary, name);
      return [name, first === null || first === '' ? (this.value(other, name) ?? '') : first] as const;
    });
    const addresses = [...new Set([...this.emails(primary), ...this.emails(other)])];
    const merged = [primary, other].flatMap((one) => [
      ...(this.value(one, 'hs_merged_object_ids') ?? '').split(';').filter((id) => id !== ''),
      one.id,
    ]);
    const gone = [primary, other];
    for (const one of gone) this.all.delete(one.id);
    const result = this.insert({}, source);
    for (const one of gone) {
      this.all.set(one.id, one);
      one.mergedInto = result;
      this.onWrite(one);
    }
    this.#store(
      result,
      {
        ...Object.fromEntries(values),
        email: addresses[0] ?? '',
        hs_additional_emails: addresses.slice(1).join(';'),
        hs_merged_object_ids: merged.join(';'),
      },
      source,
    );
    return result;
  }

  #checked(values: Readonly<Record<string, string>>, contact: Contact): Record<string, string> {
    const stored: Record<string, string> = {};
    for (const [name, value] of Object.entries(values)) {
      const known = this.properties.get(name);
      const invalid = (message: string, error: string) =>
        new Refused(
          400,
          'VALIDATION_ERROR',
          `Property values were not valid: ${JSON.stringify([{ isValid: false, message, error, name, value }])}`,
          error,
        );
      if (known === undefined) throw invalid(`Property "${name}" does not exist`, 'PROPERTY_DOESNT_EXIST');
      if (known.readOnly) throw invalid(`"${name}" is a read only property`, 'READ_ONLY_VALUE');
      if (typeof value !== 'string') throw invalid(`"${name}" was not text`, 'INVALID_STRING');
      if (name === 'email' && value !== '') {
        if (!/^[^\s@<>"']+@[^\s@<>"']+\.[a-z]{2,}$/i.test(value))
          throw invalid(`Email address ${value} is invalid`, 'INVALID_EMAIL');
        const folded = value.toLowerCase();
        const holder = this.live().find((one) => one.id !== contact.id && this.emails(one).includes(folded));
        if (holder !== undefined)
          throw new Refused(409, 'CONFLICT', `Contact already exists. Existing ID: ${holder.id}`);
        stored[name] = folded;
        continue;
      }
      const parts = known.fieldType === 'checkbox' ? value.split(';') : [value];
      if (value !== '' && known.type === 'enumeration' && parts.some((one) => !known.options.includes(one)))
        throw invalid(`${value} was not one of the allowed options`, 'INVALID_OPTION');
      const holder = known.hasUniqueValue && value !== '' ? this.byUnique(name, value) : undefined;
      if (holder !== undefined && holder.id !== contact.id)
        throw new Refused(
          400,
          'VALIDATION_ERROR',
          `${holder.id} already has that value.`,
          'CONFLICTING_UNIQUE_VALUE',
        );
      stored[name] = value;
    }
    return stored;
  }

  #store(contact: Contact, values: Readonly<Record<string, string>>, source: Source): void {
    const timestamp = new Date(this.clock()).toISOString();
    for (const [name, value] of Object.entries(values)) {
      if ((this.value(contact, name) ?? '') === value) continue;
      const versions = contact.versions.get(name) ?? [];
      contact.versions.set(name, [...versions, { value, timestamp, ...source }]);
    }
    this.#touch(contact);
  }

  #touch(contact: Contact): void {
    contact.updatedAtMs = this.clock();
    contact.writes += 1;
    this.writes += 1;
    this.onWrite(contact);
  }
}

function local(phone: string | null): string | null {
  return phone === null || phone === '' ? null : phone.replace(/\D/g, '').replace(/^(00)?86(?=\d{11}$)/, '');
}
