/** The tenant's customers by every key that the API looks them up by. Uniqueness of e-mails and phones is kept here. */
import type { Customer } from './customer.ts';

export type SelectorType = 'id' | 'email' | 'cellphone' | 'token' | 'weixin_open_id' | 'weibo_id';

export class CustomerIndex {
  readonly #byId = new Map<number, Customer>();
  /** Ascending, so oldest first. */
  readonly #ids: number[] = [];
  readonly #emailOwner = new Map<string, number>();
  readonly #phoneOwner = new Map<string, number>();
  readonly #byOther = new Map<string, number[]>();
  readonly #tagCounts = new Map<string, number>();
  readonly #organizationCounts = new Map<number, number>();

  /** Grows with every change: what was computed from the customers is good as long as it stays. */
  version = 0;

  get size(): number {
    return this.#ids.length;
  }

  get(id: number): Customer | null {
    return this.#byId.get(id) ?? null;
  }

  /** E-mail and phone match any of the customer's; of several with one token the newest is given. */
  find(type: SelectorType, content: string): Customer | null {
    const key = content.trim();
    if (type === 'email') return this.#owner(this.#emailOwner.get(key.toLowerCase()));
    if (type === 'cellphone') return this.#owner(this.#phoneOwner.get(key));
    if (type === 'id') return this.#owner(Number(key));
    return this.#owner(this.#byOther.get(`${type}:${key}`)?.at(-1));
  }

  /** Customers `start`, `start + 1`, … counted from the newest. Takes time for `count` only. */
  newestFirst(start: number, count: number): Customer[] {
    const page: Customer[] = [];
    for (let index = this.#ids.length - 1 - start; index >= 0 && page.length < count; index--) {
      const customer = this.#byId.get(this.#ids[index] ?? Number.NaN);
      if (customer) page.push(customer);
    }
    return page;
  }

  /** The other customer that holds one of this one's addresses or numbers, or this one itself when it holds one twice. */
  duplicateOf(customer: Customer): { readonly kind: 'email' | 'cellphone'; readonly owner: number } | null {
    const emails = emailKeys(customer);
    const phones = phoneKeys(customer);
    for (const [kind, keys, owners] of [
      ['email', emails, this.#emailOwner],
      ['cellphone', phones, this.#phoneOwner],
    ] as const) {
      for (const key of keys) {
        const owner = owners.get(key);
        if (owner !== undefined && owner !== customer.id) return { kind, owner };
      }
      if (new Set(keys).size < keys.length) return { kind, owner: customer.id };
    }
    return null;
  }

  /** Adds the customer, or puts it in the place of the one with its id. */
  put(customer: Customer): void {
    this.version += 1;
    const before = this.#byId.get(customer.id);
    if (before) this.#unlink(before);
    else this.#insertId(customer.id);
    this.#byId.set(customer.id, customer);
    for (const key of emailKeys(customer)) this.#emailOwner.set(key, customer.id);
    for (const key of phoneKeys(customer)) this.#phoneOwner.set(key, customer.id);
    for (const key of otherKeys(customer)) {
      const owners = this.#byOther.get(key);
      if (owners) owners.push(customer.id);
      else this.#byOther.set(key, [customer.id]);
    }
    this.#count(customer, 1);
  }

  remove(customer: Customer): void {
    this.version += 1;
    this.#unlink(customer);
    this.#byId.delete(customer.id);
    this.#ids.splice(this.#position(customer.id), 1);
  }

  taggings(tag: string): number {
    return this.#tagCounts.get(tag) ?? 0;
  }

  customersOf(organizationId: number): number {
    return this.#organizationCounts.get(organizationId) ?? 0;
  }

  #owner(id: number | undefined): Customer | null {
    return id === undefined ? null : this.get(id);
  }

  #insertId(id: number): void {
    const newest = this.#ids.at(-1);
    if (newest === undefined || newest < id) this.#ids.push(id);
    else this.#ids.splice(this.#position(id), 0, id);
  }

  /** Index of the first id that is not below this one. */
  #position(id: number): number {
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ids[middle] ?? id) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #unlink(customer: Customer): void {
    for (const key of emailKeys(customer)) this.#emailOwner.delete(key);
    for (const key of phoneKeys(customer)) this.#phoneOwner.delete(key);
    for (const key of otherKeys(customer)) {
      const owners = this.#byOther.get(key)?.filter((id) => id !== customer.id) ?? [];
      if (owners.length > 0) this.#byOther.set(key, owners);
      else this.#byOther.delete(key);
    }
    this.#count(customer, -1);
  }

  #count(customer: Customer, by: 1 | -1): void {
    for (const tag of customer.tags) this.#tagCounts.set(tag, this.taggings(tag) + by);
    const organization = customer.organizationId;
    if (organization !== null) {
      this.#organizationCounts.set(organization, this.customersOf(organization) + by);
    }
  }
}

function emailKeys(customer: Customer): string[] {
  const others = customer.otherEmails.map((item) => item.content.toLowerCase());
  return customer.email === null ? others : [customer.email.toLowerCase(), ...others];
}

function phoneKeys(customer: Customer): string[] {
  return customer.cellphones.map((item) => item.content);
}

function otherKeys(customer: Customer): string[] {
  const keys: string[] = [];
  if (customer.token !== null) keys.push(`token:${customer.token}`);
  if (customer.weixinOpenId !== null) keys.push(`weixin_open_id:${customer.weixinOpenId}`);
  if (customer.weiboId !== null) keys.push(`weibo_id:${customer.weiboId}`);
  return keys;
}
