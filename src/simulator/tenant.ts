/**
 * The state of a simulated tenant and what each call does to it (udesk/api.md §2, §3), without any HTTP.
 * Every write is whole or nothing, and leaves an `Alteration` record for each field that it changed.
 */
import { SyncError } from '../errors.ts';
import { asUpdateOf, mergedInto, pairsOnly, swapped, withAttributes } from './changes.ts';
import { BLANK_CUSTOMER, type Customer, type CustomerAttributes, type CustomerSeed } from './customer.ts';
import { CustomerIndex, type SelectorType } from './customer-index.ts';
import { type Author, Directory } from './directory.ts';
import { patchPhones, replaceOtherEmails } from './elements.ts';
import { CREATED_SUMMARY, type Feed, summariesOf } from './feeds.ts';
import { type HistoryEvent, type HistoryItem, inventedHistory } from './history.ts';
import { parseId } from './ids.ts';
import { badParameter, CODES, Duplicate, missingParameter, Refusal } from './refusal.ts';
import type { Switches } from './switches.ts';
import type { TenantEvent } from './tenant-events.ts';
import type { WriteRequest } from './write-request.ts';

export interface TenantOptions {
  readonly switches: Switches;
  readonly customers: readonly CustomerSeed[];
  /** The tenant's time in milliseconds. */
  readonly now: () => number;
  /** Whether the seeded customers have invented tickets, calls, chats and follow-ups. No unless told. */
  readonly history?: boolean;
  /** Told after each change, in order. */
  readonly onEvent?: (event: TenantEvent) => void;
}

/** Whether a change came through the API, or a person at the tenant made it. */
export type Origin = 'api' | 'person';

const SELECTORS: readonly string[] = ['id', 'email', 'cellphone', 'token', 'weixin_open_id', 'weibo_id'];
const FIRST_CUSTOMER_ID = 953_000_001;

export class Tenant {
  readonly index = new CustomerIndex();
  readonly directory = new Directory();
  /** Tells about a change of the directory, which its routes make. */
  readonly tell: (event: TenantEvent) => void;
  readonly #switches: Switches;
  readonly #now: () => number;
  /** Seeded customers up to this id have an invented history. */
  readonly #inventedUpTo: number;
  readonly #events = new Map<number, HistoryEvent[]>();
  readonly #feeds = new Map<number, Feed[]>();
  readonly #tagIds = new Map<string, number>();
  #lastCustomerId = FIRST_CUSTOMER_ID - 1;
  #lastItemId = 100_000;
  #lastFeedId = 0;
  #lastEventId = 50_000_000;
  readonly #nextItemId = (): number => ++this.#lastItemId;

  constructor(options: TenantOptions) {
    this.#switches = options.switches;
    this.#now = options.now;
    this.tell = options.onEvent ?? (() => {});
    for (const seed of options.customers) this.#plant(seed);
    this.#inventedUpTo = options.history === true ? this.#lastCustomerId : 0;
  }

  /** Throws the refusal for a bad selector, or for a customer that does not exist. */
  find(type: string, content: string): Customer {
    if (type === '') throw missingParameter('type');
    if (content === '') throw missingParameter('content');
    if (!SELECTORS.includes(type)) throw badParameter('type is not one of the six identifiers');
    const key = type === 'id' ? parseId(content) : content;
    const found = key === null ? null : this.index.find(type as SelectorType, String(key));
    return found ?? this.#notFound();
  }

  get(id: number): Customer {
    return this.index.get(id) ?? this.#notFound();
  }

  /** `duplicates`: what to do about an e-mail or phone of another customer; by the switch unless told. */
  create(
    request: WriteRequest,
    author: Author,
    duplicates: 'refuse' | 'update' = this.#switches.get('duplicate.code') === 'update' ? 'update' : 'refuse',
  ): Customer {
    const blank = { ...BLANK_CUSTOMER, id: this.#lastCustomerId + 1, platform: 'API' };
    const created = this.#changed(blank, { ...request, otherEmails: pairsOnly(request.otherEmails) });
    const duplicate = this.index.duplicateOf(created);
    if (duplicate && duplicate.owner !== created.id && duplicates === 'update') {
      const existing = this.get(duplicate.owner);
      return this.update(existing.id, asUpdateOf(existing, request), author);
    }
    return this.#add(created, author, 'api');
  }

  update(id: number, request: WriteRequest, author: Author): Customer {
    const before = this.get(id);
    return this.#replace(before, this.#changed(before, request), author, 'api');
  }

  destroy(id: number, origin: Origin): void {
    const before = this.get(id);
    this.index.remove(before);
    this.#feeds.delete(id);
    this.#events.delete(id);
    this.tell({ object: 'Customer', type: 'destroy', before, after: null, byApi: origin === 'api' });
  }

  /** What a person at the tenant does: sets attributes of an existing customer (`id`), or of a new one (null). */
  write(id: number | null, attributes: CustomerAttributes, author: Author): Customer {
    if (id === null) {
      const blank = { ...BLANK_CUSTOMER, id: this.#lastCustomerId + 1 };
      return this.#add(withAttributes(blank, attributes, this.#nextItemId), author, 'person');
    }
    const before = this.get(id);
    return this.#replace(before, withAttributes(before, attributes, this.#nextItemId), author, 'person');
  }

  /** `to` survives (udesk/api.md §2.7) and takes what it has not; `from` is gone. */
  merge(fromId: number, toId: number, author: Author, origin: Origin): Customer {
    if (fromId === toId) throw badParameter('a customer cannot be merged with itself');
    const [from, to] = [this.get(fromId), this.get(toId)];
    const merged = mergedInto(to, from, this.#nextItemId);
    this.destroy(fromId, origin);
    return this.#replace(to, merged, author, origin);
  }

  /** The changes alone, newest first. */
  feedsOf(id: number): readonly Feed[] {
    return this.#feeds.get(id)?.toReversed() ?? [];
  }

  /** Everything that happened with a customer, newest first. */
  historyOf(id: number): readonly HistoryItem[] {
    const changes = this.feedsOf(id).map((feed) => ({ ...feed, kind: 'Alteration' as const }));
    const invented = id <= this.#inventedUpTo ? inventedHistory(id) : [];
    const events = [...(this.#events.get(id)?.toReversed() ?? []), ...invented];
    // Stable: what was recorded later comes first among equals.
    return events.length === 0 ? changes : [...changes, ...events].sort((a, b) => b.time - a.time);
  }

  /** Something else happened with a customer: a ticket, a call, a chat, a follow-up. */
  happened(id: number, kind: HistoryEvent['kind'], data: HistoryEvent['data']): HistoryEvent {
    const event = { kind, id: ++this.#lastEventId, time: this.#now(), data };
    this.#events.set(this.get(id).id, [...(this.#events.get(id) ?? []), event]);
    return event;
  }

  /** Hands over what an agent, a group or an organization leaves behind: without records and without events (INF). */
  reassign(key: 'ownerId' | 'ownerGroupId' | 'organizationId', from: number, to: number | null): void {
    for (const customer of this.index.newestFirst(0, this.index.size)) {
      if (customer[key] === from) this.#store({ ...customer, [key]: to });
    }
  }

  tagId(name: string): number {
    const id = this.#tagIds.get(name) ?? 1_018_350_800 + this.#tagIds.size;
    this.#tagIds.set(name, id);
    return id;
  }

  #plant(seed: CustomerSeed): void {
    // Gaps between ids, so that nobody comes to rely on there being none.
    const id = seed.id ?? this.#lastCustomerId + 1 + (this.index.size % 3);
    if (id <= this.#lastCustomerId && this.index.size > 0) {
      throw new SyncError('config', `Seed customer ${this.index.size + 1} has an id that does not increase.`);
    }
    const customer = withAttributes({ ...BLANK_CUSTOMER, id }, seed, this.#nextItemId);
    const duplicate = this.index.duplicateOf(customer);
    if (duplicate) {
      const message = `Seed customer ${this.index.size + 1} has a ${duplicate.kind} that is already in use.`;
      throw new SyncError('config', message);
    }
    this.#lastCustomerId = id;
    this.#store(customer);
  }

  #changed(before: Customer, request: WriteRequest): Customer {
    this.#checkPhones(request);
    const after: Customer = {
      ...before,
      ...request.scalars,
      customFields: { ...before.customFields, ...request.customFields },
      cellphones: request.cellphones
        ? patchPhones(before.cellphones, request.cellphones, this.#nextItemId)
        : before.cellphones,
      otherEmails: this.#otherEmails(before, request.otherEmails),
      tags: this.#tags(before, request.tags),
    };
    return this.#switches.get('email.swap_primary') === 'on' ? swapped(after, request) : after;
  }

  /** The words are those of the importer; what the API checks is not documented (udesk/api.md §11.11). */
  #checkPhones({ cellphones }: WriteRequest): void {
    if (this.#switches.get('cellphones.format') === 'any' || cellphones === null) return;
    const bad = cellphones.some(({ content }) => content !== '' && !/^\+?(?:[ ()-]*\d){6,20}$/.test(content));
    if (bad) throw new Refusal(CODES.parameter, '电话格式不对!', 'cellphone is not valid');
  }

  #otherEmails(before: Customer, sent: WriteRequest['otherEmails']): Customer['otherEmails'] {
    if (sent === 'absent') return before.otherEmails;
    if (sent === 'empty') {
      return this.#switches.get('other_emails.empty') === 'delete-all' ? [] : before.otherEmails;
    }
    if (sent === 'null') {
      const effect = this.#switches.get('other_emails.null');
      if (effect === 'error') throw badParameter('other_emails must be a list of [id, content]');
      return effect === 'delete-all' ? [] : before.otherEmails;
    }
    return replaceOtherEmails(before.otherEmails, sent, this.#nextItemId);
  }

  #tags(before: Customer, sent: readonly string[] | null): readonly string[] {
    if (sent === null) return before.tags;
    if (this.#switches.get('tags.update') === 'replace') return sent;
    return [...new Set([...before.tags, ...sent])];
  }

  #add(customer: Customer, author: Author, origin: Origin): Customer {
    this.#checkUnique(customer);
    this.#lastCustomerId = customer.id;
    this.#store(customer);
    this.#record(customer.id, author, [CREATED_SUMMARY], origin);
    this.tell({ object: 'Customer', type: 'create', before: null, after: customer, byApi: origin === 'api' });
    return customer;
  }

  #replace(before: Customer, after: Customer, author: Author, origin: Origin): Customer {
    this.#checkUnique(after);
    this.#store(after);
    const wording = this.#switches.get('feeds.wording');
    this.#record(after.id, author, summariesOf(before, after, this.directory, wording), origin);
    this.tell({ object: 'Customer', type: 'update', before, after, byApi: origin === 'api' });
    return after;
  }

  #checkUnique(customer: Customer): void {
    const duplicate = this.index.duplicateOf(customer);
    if (!duplicate) return;
    const code = this.#switches.get('duplicate.code') === '2000' ? CODES.unknown : CODES.parameter;
    const message = duplicate.kind === 'email' ? '邮箱已存在' : '手机号已存在';
    throw new Duplicate(code, message, `${duplicate.kind} has already been taken`);
  }

  /** Tag ids are given here, not when they are first shown, so that they do not depend on who reads what first. */
  #store(customer: Customer): void {
    for (const tag of customer.tags) this.tagId(tag);
    this.index.put(customer);
  }

  #record(id: number, author: Author, summaries: readonly string[], origin: Origin): void {
    const shown = origin === 'api' ? this.#switches.get('feeds.api_writes') : 'shown';
    if (summaries.length === 0 || shown === 'hidden') return;
    const by = shown === 'anonymous' ? null : author;
    const feeds = this.#feeds.get(id) ?? [];
    for (const summary of summaries)
      feeds.push({ id: ++this.#lastFeedId, time: this.#now(), author: by, summary });
    this.#feeds.set(id, feeds);
  }

  #notFound(): never {
    throw new Refusal(Number(this.#switches.get('not_found.code')), '客户不存在', 'customer is not found');
  }
}
