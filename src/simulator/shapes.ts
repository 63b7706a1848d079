/**
 * Writes customers as JSON text in every shape that the vendor was seen to use (udesk/api.md §4). Text, not objects,
 * because some shapes cannot be said otherwise: an object with the same key twice (K4), numbers beyond 2^53.
 */
import type { Customer, Item } from './customer.ts';
import { COMPANY_ID } from './directory.ts';
import { vendorTime } from './feeds.ts';
import { type IdForm, idJson } from './ids.ts';
import { hash32, type Random } from './random.ts';
import type { Switches } from './switches.ts';
import type { Tenant } from './tenant.ts';

export type AnswerKind = 'list' | 'detail' | 'create' | 'update';

/** One customer's concrete shape. */
export interface Shape {
  readonly emails: 'p1' | 'p2' | 'p3' | 'p4' | 'p5';
  readonly otherEmails: 'o1' | 'o2' | 'o4' | 'o5';
  readonly cellphones: 'k1' | 'k2' | 'k3' | 'k4' | 'k5';
  readonly ids: IdForm;
  readonly organization: 'g1' | 'g2';
  readonly tags: 't1' | 't2' | 't4';
}

/** `mixed`: what the vendor's samples show in lists; for one customer, what names every id. */
const MIXED = {
  list: {
    emails: ['p1', 'p2', 'p3', 'p4'],
    otherEmails: ['o1', 'o2'],
    cellphones: ['k1', 'k2', 'k3', 'k4'],
    organization: ['g1', 'g2'],
    tags: ['t1', 't2'],
  },
  one: {
    emails: ['p1', 'p2', 'p3'],
    otherEmails: ['o1', 'o2'],
    cellphones: ['k1', 'k2', 'k4'],
    organization: ['g1', 'g2'],
    tags: ['t1', 't2'],
  },
} as const;

const ALL = {
  emails: ['p1', 'p2', 'p3', 'p4', 'p5'],
  otherEmails: ['o1', 'o2', 'o4', 'o5'],
  cellphones: ['k1', 'k2', 'k3', 'k4', 'k5'],
  organization: ['g1', 'g2'],
  tags: ['t1', 't2', 't4'],
} as const;

/** Chooses the shape of each customer of one response. `random` draws here, once for the whole response. */
export function shaper(switches: Switches, kind: AnswerKind, random: Random): (customer: Customer) => Shape {
  const drawn = (name: keyof typeof ALL) => random.pick(ALL[name]);
  const mixed = MIXED[kind === 'list' ? 'list' : 'one'];
  const organization = switches.get('shape.organization');
  const chosen = {
    emails: switches.get('shape.emails'),
    otherEmails: switches.get('shape.other_emails'),
    cellphones: switches.get('shape.cellphones'),
    organization: organization === 'by-call' ? (kind === 'list' ? 'g2' : 'g1') : organization,
    tags: switches.get('shape.tags'),
  };
  const ids = switches.get('shape.ids');
  const names = Object.keys(ALL) as (keyof typeof ALL)[];
  const fixed: Record<string, string> = {};
  for (const name of names) fixed[name] = chosen[name] === 'random' ? drawn(name) : chosen[name];
  const fixedIds = ids === 'random' ? random.pick(['int', 'string']) : ids;
  const resolve = (id: number): Shape => {
    const own: Record<string, string> = {};
    for (const name of names) {
      own[name] = fixed[name] === 'mixed' ? pickFor(id, name, mixed[name]) : (fixed[name] ?? '');
    }
    own.ids = fixedIds === 'mixed' ? pickFor(id, 'ids', ['int', 'string']) : fixedIds;
    // P4 and O4 belong together (api.md §4): a draw never separates them.
    if (chosen.otherEmails === 'o1' || chosen.otherEmails === 'random' || chosen.otherEmails === 'mixed') {
      if (own.emails === 'p4') own.otherEmails = 'o4';
      else if (own.otherEmails === 'o4') own.otherEmails = 'o1';
    }
    return own as unknown as Shape;
  };
  if (fixedIds === 'mixed' || Object.values(fixed).includes('mixed'))
    return (customer) => resolve(customer.id);
  const shared = resolve(0);
  return () => shared;
}

function pickFor(id: number, name: string, variants: readonly string[]): string {
  return variants[hash32(`${name}:${id}`) % variants.length] ?? '';
}

/** The customer as a JSON object. */
export function customerJson(customer: Customer, kind: AnswerKind, shape: Shape, tenant: Tenant): string {
  return `{${customerMembers(customer, kind, shape, tenant).join(',')}}`;
}

/** Its members, each as `"name":value`. */
export function customerMembers(
  customer: Customer,
  kind: AnswerKind,
  shape: Shape,
  tenant: Tenant,
): readonly string[] {
  const id = (value: number | null) => (value === null ? 'null' : idJson(value, shape.ids));
  return [
    `"id":${id(customer.id)}`,
    `"nick_name":${JSON.stringify(customer.nickName)}`,
    ...emailMembers(customer, shape),
    `"level":"${customer.level}"`,
    `"description":${JSON.stringify(customer.description)}`,
    `"is_blocked":${customer.isBlocked}`,
    `"tags":${tagsJson(customer, shape, tenant)}`,
    `"owner_id":${id(customer.ownerId)}`,
    `"owner_group_id":${id(customer.ownerGroupId)}`,
    `"custom_fields":${JSON.stringify(customer.customFields)}`,
    `"open_api_token":${JSON.stringify(customer.token)}`,
    organizationMember(customer, shape, tenant),
    cellphonesMember(customer, shape),
    ...channelMembers(customer, kind),
    `"platform":${JSON.stringify(customer.platform)}`,
  ];
}

function emailMembers(customer: Customer, shape: Shape): string[] {
  const others = otherEmailsMember(customer.otherEmails, shape);
  const rest = others === null ? [] : [others];
  if (shape.emails === 'p4') {
    const all = customer.otherEmails.map((item) => item.content);
    if (customer.email !== null) all.push(customer.email);
    return [`"emails":${JSON.stringify(all)}`, ...rest];
  }
  const key = shape.emails === 'p3' ? 'emails' : 'email';
  const blank = shape.emails === 'p2' || shape.emails === 'p3' ? '' : null;
  return [`"${key}":${JSON.stringify(customer.email ?? blank)}`, ...rest];
}

function otherEmailsMember(items: readonly Item[], shape: Shape): string | null {
  if (shape.otherEmails === 'o4') return null;
  const elements = items.map((item) => {
    const content = JSON.stringify(item.content);
    if (shape.otherEmails === 'o5') return content;
    const id = idJson(item.id, shape.ids);
    return shape.otherEmails === 'o2' ? `${id},${content}` : `{"id":${id},"content":${content}}`;
  });
  return `"other_emails":[${elements.join(',')}]`;
}

function cellphonesMember(customer: Customer, shape: Shape): string {
  const form = shape.cellphones;
  const elements = customer.cellphones.map((item, index) => {
    const content = JSON.stringify(item.content);
    if (form === 'k3') return content;
    const asText = form === 'k2' && index % 2 === 0 && shape.ids === 'int';
    const pair = `"id":${idJson(item.id, asText ? 'string' : shape.ids)},"content":${content}`;
    if (form === 'k4') return pair;
    return form === 'k5' && index % 2 === 0 ? `{"content":${content}}` : `{${pair}}`;
  });
  const list = elements.join(',');
  if (form === 'k4') return `"cellphones":[${list === '' ? '' : `{${list}}`}]`;
  return `"${form === 'k5' ? 'cellphone' : 'cellphones'}":[${list}]`;
}

function tagsJson(customer: Customer, shape: Shape, tenant: Tenant): string {
  if (shape.tags === 't4') return JSON.stringify(customer.tags.join(','));
  const tags = customer.tags.map((name) => {
    const count = shape.tags === 't2' ? `,"taggings_count":${tenant.index.taggings(name)}` : '';
    const [id, company] = [idJson(tenant.tagId(name), shape.ids), idJson(COMPANY_ID, shape.ids)];
    return `{"id":${id},"name":${JSON.stringify(name)},"company_id":${company}${count}}`;
  });
  return `[${tags.join(',')}]`;
}

function organizationMember(customer: Customer, shape: Shape, tenant: Tenant): string {
  const id = customer.organizationId;
  if (shape.organization === 'g2') return `"organization_id":${id === null ? 'null' : idJson(id, shape.ids)}`;
  const organization = tenant.directory.organizationOf(id);
  if (organization === null) return '"organization":null';
  const { name, domains, description } = organization;
  const created = vendorTime(Date.UTC(2017, 0, 18, 2, 14, 41));
  const rest = JSON.stringify({
    name,
    domains,
    created_at: created,
    custom_fields: organization.customFields ?? {},
    description,
  });
  const count = tenant.index.customersOf(organization.id);
  return `"organization":{"id":${idJson(organization.id, shape.ids)},${rest.slice(1, -1)},"customer_count":${count}}`;
}

/** W3 in lists, W2 in detail, W1 in the answers to writes. */
function channelMembers(customer: Customer, kind: AnswerKind): string[] {
  const [weixin, weibo] = [customer.weixinOpenId, customer.weiboId];
  if (kind === 'detail')
    return [`"wechat_id":${JSON.stringify(weixin)}`, `"weibo_id":${JSON.stringify(weibo)}`];
  if (kind === 'list') {
    const members: string[] = [];
    if (weixin !== null) members.push(`"weixin_id":${JSON.stringify(weixin)}`);
    if (weibo !== null) members.push(`"weibo_id":${JSON.stringify(weibo)}`);
    return members;
  }
  const array = (id: string | null) => (id === null ? '[]' : JSON.stringify([{ id, name: 'demo' }]));
  return [`"wechat":${array(weixin)}`, `"weibo":${array(weibo)}`];
}
