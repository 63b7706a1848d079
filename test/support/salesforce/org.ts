/**
 * The org that the tests keep: records, the rules of the platform about them, and people who work in it past the API.
 *
 * - Texts: "never empty (only null), and never with leading or trailing white space" (Apex Developer Guide, "Primitive
 *   Data Types", sObject string fields follow the rules of the SOAP API).
 * - Times: whole seconds; LastModifiedDate by users, SystemModstamp by automated processes, too (Help, "Difference between
 *   SystemModStamp and LastModifiedDate"). Stamped when the write is done, visible when its transaction commits.
 * - Deleted records stay in the Recycle Bin with IsDeleted; of a merge the losers carry MasterRecordId ("merge()").
 * - Codes of refusals: "Core Data Types", StatusCode.
 */
import { isWritable, type SfFieldSeed, type SfObjectSeed, standardObjects } from './schema.ts';
import { namesIn, parseSoql, SfError, type SfQuery, type SfRow, type SfValue, select } from './soql.ts';

export const API_USER = '005000000000001AAA';
export const OTHER_USER = '005000000000002AAA';
export const ORG_ID = '00D000000000001AAA';

export function nameOf(user: string): string {
  return user === API_USER ? 'udesk-sync' : 'Somebody Else';
}

export interface SfWrite {
  readonly user?: string;
  readonly allowDuplicates?: boolean;
}

export interface SfHistoryRow {
  readonly id: string;
  readonly recordId: string;
  readonly field: string;
  readonly from: SfValue;
  readonly to: SfValue;
  readonly at: number;
  readonly user: string;
}

export class SfOrg {
  readonly objects: SfObjectSeed[] = standardObjects();
  readonly history: SfHistoryRow[] = [];
  /** Writes that were done, whoever made them. */
  writes = 0;
  /** A duplicate rule that blocks (or, with `alert`, can be overruled) what has the e-mail of another record. */
  duplicateRule: 'off' | 'block' | 'alert' = 'off';
  /** Field history tracking of the org, by field. */
  trackHistory = false;
  /** The user that the API works as sees every record. */
  viewAll = true;
  /** Writes are stamped so long ago: a look at them counts at once. */
  backdateMs = 0;
  /** Each write lies in a second of its own. */
  hurry = false;
  readonly #records = new Map<string, { object: string; row: SfRow }>();
  #lastId = 0;
  #aheadMs = 0;

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }

  object(name: string): SfObjectSeed {
    const found = this.objects.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw new SfError(404, 'NOT_FOUND', 'The requested resource does not exist');
    return found;
  }

  field(object: string, name: string): SfFieldSeed {
    const found = this.object(object).fields.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no field ${name}`);
    return found;
  }

  /** All rows of an object, deleted ones included. */
  rows(object: string): SfRow[] {
    return [...this.#records.values()].filter((one) => one.object === object).map(({ row }) => row);
  }

  live(object: string): SfRow[] {
    return this.rows(object).filter((row) => row.IsDeleted !== true);
  }

  find(object: string, id: string): SfRow | null {
    const found = this.#records.get(id.length === 15 ? longId(id) : id);
    return found === undefined || found.object !== object ? null : found.row;
  }

  must(object: string, id: string): SfRow {
    const row = this.find(object, id);
    if (row === null) throw new SfError(404, 'NOT_FOUND', 'The requested resource does not exist');
    if (row.IsDeleted === true) throw new SfError(404, 'ENTITY_IS_DELETED', 'entity is deleted');
    return row;
  }

  byExternalId(object: string, field: string, value: string): SfRow[] {
    const seed = this.object(object).fields.find((one) => one.name === field);
    if (seed?.externalId !== true)
      throw new SfError(
        404,
        'NOT_FOUND',
        `Provided external ID field does not exist or is not accessible: ${field}`,
      );
    return this.live(object).filter((row) => row[field] === value);
  }

  insert(object: string, values: Readonly<Record<string, unknown>>, how: SfWrite = {}): SfRow {
    const seed = this.object(object);
    const clean = this.#clean(seed, values, 'create', how);
    for (const field of seed.fields) {
      if (field.required === true && (clean[field.name] ?? null) === null)
        throw new SfError(400, 'REQUIRED_FIELD_MISSING', `Required fields are missing: [${field.name}]`, [
          field.name,
        ]);
    }
    this.#refuseDuplicates(seed, null, clean, how);
    const id = longId(`${seed.prefix}0A${String(++this.#lastId).padStart(10, '0')}`);
    const at = this.#tick();
    const user = how.user ?? API_USER;
    const blank = Object.fromEntries(
      seed.fields.map((field) => [field.name, field.type === 'boolean' ? false : null]),
    );
    const row: SfRow = { ...blank, ...clean, Id: id, CreatedDate: at, CreatedById: user };
    this.#records.set(id, { object: seed.name, row });
    this.#touch(row, at, user);
    return row;
  }

  /** Past the rules about new records: what an import of years ago left behind. */
  plant(object: string, values: SfRow, count = 1): SfRow[] {
    const seed = this.object(object);
    const at = this.#tick();
    return Array.from({ length: count }, () => {
      const id = longId(`${seed.prefix}0A${String(++this.#lastId).padStart(10, '0')}`);
      const blank = Object.fromEntries(
        seed.fields.map((field) => [field.name, field.type === 'boolean' ? false : null]),
      );
      const row: SfRow = { ...blank, ...values, Id: id, CreatedDate: at, CreatedById: OTHER_USER };
      this.#records.set(id, { object: seed.name, row });
      this.#touch(row, at, OTHER_USER);
      return row;
    });
  }

  update(object: string, id: string, values: Readonly<Record<string, unknown>>, how: SfWrite = {}): SfRow {
    return this.updateLate(object, id, values, how)();
  }

  /** A transaction that is stamped now and commits when the returned function is called. */
  updateLate(
    object: string,
    id: string,
    values: Readonly<Record<string, unknown>>,
    how: SfWrite = {},
  ): () => SfRow {
    const seed = this.object(object);
    const row = this.must(object, id);
    const clean = this.#clean(seed, values, 'update', how);
    for (const field of seed.fields) {
      if (field.required === true && clean[field.name] === null)
        throw new SfError(400, 'REQUIRED_FIELD_MISSING', `Required fields are missing: [${field.name}]`, [
          field.name,
        ]);
    }
    this.#refuseDuplicates(seed, id, clean, how);
    const at = this.#tick();
    return () => {
      const user = how.user ?? API_USER;
      for (const [name, value] of Object.entries(clean)) this.#note(seed, row, name, value, at, user);
      Object.assign(row, clean);
      this.#touch(row, at, user);
      return row;
    };
  }

  /** An automated process: SystemModstamp moves, LastModifiedDate does not. */
  automated(object: string, id: string, values: SfRow): void {
    const row = this.must(object, id);
    const at = this.#tick();
    const seed = this.object(object);
    for (const [name, value] of Object.entries(values)) this.#note(seed, row, name, value, at, OTHER_USER);
    Object.assign(row, values);
    row.SystemModstamp = at;
    this.writes += 1;
  }

  remove(object: string, id: string, how: SfWrite = {}): void {
    if (!this.object(object).deletable)
      throw new SfError(403, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id');
    const row = this.must(object, id);
    row.IsDeleted = true;
    this.#touch(row, this.#tick(), how.user ?? API_USER);
  }

  /** Emptied from the Recycle Bin: no query shows it any more. */
  purge(id: string): void {
    this.#records.delete(id);
  }

  merge(object: string, masterId: string, loserId: string): void {
    const [master, loser] = [this.must(object, masterId), this.must(object, loserId)];
    const at = this.#tick();
    loser.IsDeleted = true;
    loser.MasterRecordId = master.Id ?? null;
    this.#touch(loser, at, OTHER_USER);
    this.#touch(master, at, OTHER_USER);
  }

  /** @returns the query as understood, and its rows, not yet paged; null rows for COUNT() */
  query(soql: string, all: boolean): { query: SfQuery; rows: SfRow[] } {
    const query = parseSoql(soql);
    const rows = this.#source(query, all);
    return { query, rows: select(query, rows) };
  }

  #source(query: SfQuery, all: boolean): SfRow[] {
    const { all: names, filtered } = namesIn(query);
    const historyOf = /^(\w+)History$/.exec(query.from)?.[1];
    if (historyOf !== undefined) {
      if (!this.trackHistory)
        throw new SfError(400, 'INVALID_TYPE', `sObject type '${query.from}' is not supported.`);
      return this.history
        .filter(({ recordId }) => this.#records.get(recordId)?.object === historyOf)
        .map(({ id, recordId, field, from, to, at, user }) => ({
          Id: id,
          [`${historyOf}Id`]: recordId,
          Field: field,
          OldValue: from,
          NewValue: to,
          CreatedDate: at,
          CreatedById: user,
          'CreatedBy.Name': nameOf(user),
        }));
    }
    if (query.from === 'PermissionSetAssignment')
      return [{ PermissionSetId: '0PS000000000001AAA', AssigneeId: API_USER }];
    if (query.from === 'ObjectPermissions') {
      return this.objects.map(({ name }) => ({
        ParentId: '0PS000000000001AAA',
        SobjectType: name,
        PermissionsViewAllRecords: this.viewAll,
      }));
    }
    if (query.from === 'FieldDefinition') {
      return this.objects.flatMap(({ name, fields }) =>
        fields.map((field) => ({
          'EntityDefinition.QualifiedApiName': name,
          QualifiedApiName: field.name,
          IsFieldHistoryTracked: field.tracked === true,
        })),
      );
    }
    let object: SfObjectSeed;
    try {
      object = this.object(query.from);
    } catch {
      throw new SfError(400, 'INVALID_TYPE', `sObject type '${query.from}' is not supported.`);
    }
    // A parent's field, by its relationship; the only one that anybody asks for here.
    for (const name of names.filter((one) => one !== 'LastModifiedBy.Name')) {
      const field = object.fields.find((one) => one.name === name);
      if (field === undefined || field.mayRead === false)
        throw new SfError(400, 'INVALID_FIELD', `No such column '${name}' on entity '${object.name}'.`, [
          name,
        ]);
      if (field.type === 'textarea' && filtered.includes(name))
        throw new SfError(400, 'INVALID_FIELD', `field '${name}' can not be filtered in a query call`, [
          name,
        ]);
    }
    return all ? this.rows(object.name) : this.live(object.name);
  }

  #clean(
    seed: SfObjectSeed,
    values: Readonly<Record<string, unknown>>,
    op: 'create' | 'update',
    how: SfWrite,
  ): SfRow {
    const clean: SfRow = {};
    const byPerson = how.user !== undefined && how.user !== API_USER;
    for (const [name, value] of Object.entries(values)) {
      const field = seed.fields.find((one) => one.name.toLowerCase() === name.toLowerCase());
      if (field === undefined || (!byPerson && field.mayRead === false))
        throw new SfError(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${seed.name}`);
      const may = byPerson || (op === 'create' ? field.mayCreate !== false : field.mayUpdate !== false);
      if (!isWritable(field) || !may)
        throw new SfError(
          400,
          'INVALID_FIELD_FOR_INSERT_UPDATE',
          `Unable to create/update fields: ${field.name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
          [field.name],
        );
      clean[field.name] = checkValue(field, value);
    }
    return clean;
  }

  #refuseDuplicates(seed: SfObjectSeed, id: string | null, clean: SfRow, how: SfWrite): void {
    const others = this.live(seed.name).filter((row) => row.Id !== id);
    for (const field of seed.fields) {
      const value = clean[field.name];
      if (field.unique !== true || typeof value !== 'string') continue;
      const twin = others.find((row) => row[field.name] === value);
      if (twin !== undefined)
        throw new SfError(
          400,
          'DUPLICATE_VALUE',
          `duplicate value found: ${field.name} duplicates value on record with id: ${String(twin.Id).slice(0, 15)}`,
        );
    }
    if (this.duplicateRule === 'off' || typeof clean.Email !== 'string') return;
    if (this.duplicateRule === 'alert' && how.allowDuplicates === true) return;
    const twin = others.find((row) => row.Email === clean.Email);
    if (twin === undefined) return;
    throw new SfError(400, 'DUPLICATES_DETECTED', 'Use one of these records?', [], {
      duplicateResult: {
        allowSave: this.duplicateRule === 'alert',
        duplicateRule: 'Standard_Contact_Duplicate_Rule',
        matchResults: [
          { entityType: seed.name, matchRecords: [{ matchConfidence: 100, record: { Id: twin.Id } }] },
        ],
      },
    });
  }

  #note(seed: SfObjectSeed, row: SfRow, name: string, value: SfValue, at: number, user: string): void {
    const field = seed.fields.find((one) => one.name === name);
    const from = row[name] ?? null;
    if (!this.trackHistory || field?.tracked !== true || from === value) return;
    // "Changes to long text areas are tracked as edited; their old and new values aren't recorded" (Field History Tracking).
    const told = (field.length ?? 0) > 255 ? null : undefined;
    this.history.push({
      id: longId(`017000000${String(this.history.length + 1).padStart(6, '0')}`),
      recordId: String(row.Id),
      field: name,
      from: told === null ? null : from,
      to: told === null ? null : value,
      at,
      user,
    });
  }

  #touch(row: SfRow, at: number, user: string): void {
    row.LastModifiedDate = at;
    row.SystemModstamp = at;
    row.LastModifiedById = user;
    row['LastModifiedBy.Name'] = nameOf(user);
    this.writes += 1;
  }

  #tick(): number {
    if (this.hurry) this.#aheadMs += 1_000;
    const at = Math.floor((this.now() - this.backdateMs) / 1_000) * 1_000;
    if (this.hurry) this.#aheadMs += 2_000;
    return at;
  }
}

function checkValue(field: SfFieldSeed, given: unknown): SfValue {
  const bad = (code: string, why: string): SfError => new SfError(400, code, why, [field.name]);
  if (given === null || given === undefined) {
    if (field.type === 'boolean')
      throw bad('INVALID_TYPE_ON_FIELD_IN_RECORD', `${field.name}: value not of required type`);
    return null;
  }
  if (field.type === 'boolean') {
    if (typeof given !== 'boolean')
      throw bad('INVALID_TYPE_ON_FIELD_IN_RECORD', `${field.name}: value not of required type: `);
    return given;
  }
  if (field.type === 'double') {
    if (typeof given !== 'number')
      throw bad('INVALID_TYPE_ON_FIELD_IN_RECORD', `${field.name}: value not of required type: `);
    return given;
  }
  if (typeof given !== 'string')
    throw new SfError(400, 'JSON_PARSER_ERROR', `Cannot deserialize instance of string from ${field.name}`);
  const text = trimmed(given);
  if (text === null) return null;
  if (field.type === 'datetime') {
    const ms = Date.parse(text);
    if (Number.isNaN(ms))
      throw new SfError(
        400,
        'JSON_PARSER_ERROR',
        `Cannot deserialize instance of datetime from VALUE_STRING value ${text}`,
      );
    return Math.floor(ms / 1_000) * 1_000;
  }
  if (field.type === 'date' && !/^\d{4}-\d\d-\d\d$/.test(text))
    throw new SfError(
      400,
      'JSON_PARSER_ERROR',
      `Cannot deserialize instance of date from VALUE_STRING value ${text}`,
    );
  if (field.length !== undefined && text.length > field.length)
    throw bad('STRING_TOO_LONG', `${field.name}: data value too large: ${text} (max length=${field.length})`);
  if (field.type === 'email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text))
    throw bad('INVALID_EMAIL_ADDRESS', `${field.name}: invalid email address: ${text}`);
  if (field.options !== undefined && !text.split(';').every((one) => field.options?.includes(one)))
    throw bad(
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${field.name}: bad value for restricted picklist field: ${text}`,
    );
  return text;
}

/** As texts are stored; null where nothing is left. */
export function trimmed(text: string): string | null {
  // Which characters count as white space is not documented: here, as Java's String.trim has it.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are trimmed, too
  const left = text.replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, '');
  return left === '' ? null : left;
}

/** The 18-character form: three more characters tell which of the 15 are capital letters. */
export function longId(short: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
  const suffix = [0, 5, 10].map((from) => {
    const bits = [...short.slice(from, from + 5)].reduce(
      (sum, character, at) => sum + (/[A-Z]/.test(character) ? 1 << at : 0),
      0,
    );
    return alphabet[bits];
  });
  return `${short}${suffix.join('')}`;
}
