/**
 * The state of a simulated tenant and what each call does to it (udesk/api.md §2, §3), without any HTTP.
 * Every write is whole or nothing, and leaves an `Alteration` record for each field that it changed.
 */
import { SyncError } from '../errors.ts';
import { BLANK_CUSTOMER, type Customer, type CustomerAttributes, type CustomerSeed } from './customer.ts';
import { CustomerIndex, type SelectorType } from './customer-index.ts';
import type { Author } from './directory.ts';
import { patchPhones, replaceOtherEmails, setItems } from './elements.ts';
import { CREATED_SUMMARY, type Feed, summariesOf } from './feeds.ts';
import { parseId } from './ids.ts';
import { badParameter, CODES, missingParameter, Refusal } from './refusal.ts';
import type { Switches } from './switches.ts';
import type { WriteRequest } from './write-request.ts';

export interface TenantOptions {
  readonly switches: Switches;
  readonly customers: readonly CustomerSeed[];
  /** The tenant's time in milliseconds. */
  readonly now: () => number;
}

const SELECTORS: readonly string[] = ['id', 'email', 'cellphone', 'token', 'weixin_open_id', 'weibo_id'];
const FIRST_CUSTOMER_ID = 953_000_001;

export class Tenant {
  readonly index = new CustomerIndex();
  readonly #switches: Switches;
  readonly #now: () => number;
  readonly #feeds = new Map<number, Feed[]>();
  readonly #tagIds = new Map<string, number>();
  #lastCustomerId = FIRST_CUSTOMER_ID - 1;
  #lastItemId = 100_000;
  #lastFeedId = 0;

  constructor(options: TenantOptions) {
    this.#switches = options.switches;
    this.#now = options.now;
    for (const seed of options.customers) this.#plant(seed);
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

  create(request: WriteRequest, author: Author): Customer {
    const blank = { ...BLANK_CUSTOMER, id: this.#lastCustomerId + 1, platform: 'API' };
    const created = this.#changed(blank, { ...request, otherEmails: pairsOnly(request.otherEmails) });
    const duplicate = this.index.duplicateOf(created);
    if (duplicate && duplicate.owner !== created.id && this.#switches.get('duplicate.code') === 'update') {
      const existing = this.get(duplicate.owner);
      return this.update(existing.id, asUpdateOf(existing, request), author);
    }
    return this.#add(created, author);
  }

  update(id: number, request: WriteRequest, author: Author): Customer {
    const before = this.get(id);
    return this.#replace(before, this.#changed(before, request), author);
  }

  destroy(id: number): void {
    this.index.remove(this.get(id));
    this.#feeds.delete(id);
  }

  /** What a person at the tenant does: sets attributes of an existing customer (`id`), or of a new one (null). */
  write(id: number | null, attributes: CustomerAttributes, author: Author): Customer {
    if (id === null) {
      const blank = { ...BLANK_CUSTOMER, id: this.#lastCustomerId + 1 };
      return this.#add(this.#withAttributes(blank, attributes), author);
    }
    const before = this.get(id);
    return this.#replace(before, this.#withAttributes(before, attributes), author);
  }

  /** `to` survives (udesk/api.md §2.7) and takes what it has not; `from` is gone. */
  merge(fromId: number, toId: number, author: Author): Customer {
    if (fromId === toId) throw badParameter('a customer cannot be merged with itself');
    const [from, to] = [this.get(fromId), this.get(toId)];
    const moved =
      to.email === null || from.email === null ? [] : [{ id: this.#nextItemId(), content: from.email }];
    const merged: Customer = {
      ...to,
      nickName: to.nickName || from.nickName,
      email: to.email ?? from.email,
      otherEmails: [...to.otherEmails, ...moved, ...from.otherEmails],
      cellphones: [...to.cellphones, ...from.cellphones],
      description: to.description || from.description,
      tags: [...new Set([...to.tags, ...from.tags])],
      ownerId: to.ownerId ?? from.ownerId,
      ownerGroupId: to.ownerGroupId ?? from.ownerGroupId,
      organizationId: to.organizationId ?? from.organizationId,
      customFields: { ...from.customFields, ...to.customFields },
      token: to.token ?? from.token,
      weixinOpenId: to.weixinOpenId ?? from.weixinOpenId,
      weiboId: to.weiboId ?? from.weiboId,
    };
    this.destroy(fromId);
    return this.#replace(to, merged, author);
  }

  /** Newest first. */
  feedsOf(id: number): readonly Feed[] {
    return this.#feeds.get(id)?.toReversed() ?? [];
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
    const customer = this.#withAttributes({ ...BLANK_CUSTOMER, id }, seed);
    const duplicate = this.index.duplicateOf(customer);
    if (duplicate) {
      const message = `Seed customer ${this.index.size + 1} has a ${duplicate.kind} that is already in use.`;
      throw new SyncError('config', message);
    }
    this.#lastCustomerId = id;
    this.#store(customer);
  }

  #changed(before: Customer, request: WriteRequest): Customer {
    const after: Customer = {
      ...before,
      ...request.scalars,
      customFields: { ...before.customFields, ...request.customFields },
      cellphones: request.cellphones
        ? patchPhones(before.cellphones, request.cellphones, () => this.#nextItemId())
        : before.cellphones,
      otherEmails: this.#otherEmails(before, request.otherEmails),
      tags: this.#tags(before, request.tags),
    };
    return this.#switches.get('email.swap_primary') === 'on' ? swapped(after, request) : after;
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
    return replaceOtherEmails(before.otherEmails, sent, () => this.#nextItemId());
  }

  #tags(before: Customer, sent: readonly string[] | null): readonly string[] {
    if (sent === null) return before.tags;
    if (this.#switches.get('tags.update') === 'replace') return sent;
    return [...new Set([...before.tags, ...sent])];
  }

  #withAttributes(before: Customer, attributes: CustomerAttributes): Customer {
    const nextId = () => this.#nextItemId();
    const or = <T>(value: T | undefined, otherwise: T): T => (value === undefined ? otherwise : value);
    return {
      id: before.id,
      nickName: or(attributes.nick_name, before.nickName),
      email: or(attributes.email, before.email) || null,
      otherEmails: attributes.other_emails
        ? setItems(before.otherEmails, attributes.other_emails, nextId)
        : before.otherEmails,
      cellphones: attributes.cellphones
        ? setItems(before.cellphones, attributes.cellphones, nextId)
        : before.cellphones,
      level: or(attributes.level, before.level),
      description: or(attributes.description, before.description),
      tags: attributes.tags ? [...new Set(attributes.tags)] : before.tags,
      ownerId: or(attributes.owner_id, before.ownerId),
      ownerGroupId: or(attributes.owner_group_id, before.ownerGroupId),
      organizationId: or(attributes.organization_id, before.organizationId),
      customFields: { ...before.customFields, ...attributes.custom_fields },
      token: or(attributes.open_api_token, before.token) || null,
      isBlocked: or(attributes.is_blocked, before.isBlocked),
      platform: or(attributes.platform, before.platform),
      weixinOpenId: or(attributes.weixin_open_id, before.weixinOpenId),
      weiboId: or(attributes.weibo_id, before.weiboId),
    };
  }

  #add(customer: Customer, author: Author): Customer {
    this.#checkUnique(customer);
    this.#lastCustomerId = customer.id;
    this.#store(customer);
    this.#record(customer.id, author, [CREATED_SUMMARY]);
    return customer;
  }

  #replace(before: Customer, after: Customer, author: Author): Customer {
    this.#checkUnique(after);
    this.#store(after);
    this.#record(after.id, author, summariesOf(before, after));
    return after;
  }

  #checkUnique(customer: Customer): void {
    const duplicate = this.index.duplicateOf(customer);
    if (!duplicate) return;
    const code = this.#switches.get('duplicate.code') === '2000' ? CODES.unknown : CODES.parameter;
    const message = duplicate.kind === 'email' ? '邮箱已存在' : '手机号已存在';
    throw new Refusal(code, message, `${duplicate.kind} has already been taken`);
  }

  /** Tag ids are given here, not when they are first shown, so that they do not depend on who reads what first. */
  #store(customer: Customer): void {
    for (const tag of customer.tags) this.tagId(tag);
    this.index.put(customer);
  }

  #record(id: number, author: Author, summaries: readonly string[]): void {
    if (summaries.length === 0) return;
    const feeds = this.#feeds.get(id) ?? [];
    for (const summary of summaries)
      feeds.push({ id: ++this.#lastFeedId, time: this.#now(), author, summary });
    this.#feeds.set(id, feeds);
  }

  #notFound(): never {
    throw new Refusal(Number(this.#switches.get('not_found.code')), '客户不存在', 'customer is not found');
  }

  #nextItemId(): number {
    return ++this.#lastItemId;
  }
}

/** A new customer has no address to clear, so `[]` and null add none. */
function pairsOnly(sent: WriteRequest['otherEmails']): WriteRequest['otherEmails'] {
  return sent === 'empty' || sent === 'null' ? 'absent' : sent;
}

/** A create that meets a customer with the same number or address adds to it and removes nothing. */
function asUpdateOf(existing: Customer, request: WriteRequest): WriteRequest {
  const emails = new Set([existing.email, ...existing.otherEmails.map((item) => item.content)]);
  const phones = new Set(existing.cellphones.map((item) => item.content));
  const { email, ...scalars } = request.scalars;
  const sent = Array.isArray(request.otherEmails) ? request.otherEmails : [];
  const added = email ? [...sent, { id: null, content: email }] : sent;
  return {
    ...request,
    scalars,
    cellphones: request.cellphones?.filter((pair) => !phones.has(pair.content)) ?? null,
    otherEmails: [...existing.otherEmails, ...added.filter((pair) => !emails.has(pair.content))],
  };
}

/** What SEED's update sample shows: the primary that was sent changes places with the first listed other address. */
function swapped(after: Customer, request: WriteRequest): Customer {
  const sent = request.scalars.email;
  const first = after.otherEmails[0];
  if (!sent || !Array.isArray(request.otherEmails) || !first) return after;
  const others = after.otherEmails.map((item) => (item === first ? { id: item.id, content: sent } : item));
  return { ...after, email: first.content, otherEmails: others };
}
