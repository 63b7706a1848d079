/** The rarer ways to get from one state of a customer to the next, each pure. The everyday rules are in elements.ts. */
import type { Customer, CustomerAttributes } from './customer.ts';
import { setItems } from './elements.ts';
import type { WriteRequest } from './write-request.ts';

/** What a person (or a seed) sets. */
export function withAttributes(
  before: Customer,
  attributes: CustomerAttributes,
  nextId: () => number,
): Customer {
  const or = <T>(value: T | undefined, otherwise: T): T => (value === undefined ? otherwise : value);
  const { other_emails: otherEmails, cellphones } = attributes;
  return {
    id: before.id,
    nickName: or(attributes.nick_name, before.nickName),
    email: or(attributes.email, before.email) || null,
    otherEmails: otherEmails ? setItems(before.otherEmails, otherEmails, nextId) : before.otherEmails,
    cellphones: cellphones ? setItems(before.cellphones, cellphones, nextId) : before.cellphones,
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

/** `to` keeps what it has, fills its blanks from `from`, and takes all of its addresses, numbers and tags. */
export function mergedInto(to: Customer, from: Customer, nextId: () => number): Customer {
  const moved = to.email === null || from.email === null ? [] : [{ id: nextId(), content: from.email }];
  return {
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
}

/** A new customer has no address to clear, so `[]` and null add none. */
export function pairsOnly(sent: WriteRequest['otherEmails']): WriteRequest['otherEmails'] {
  return sent === 'empty' || sent === 'null' ? 'absent' : sent;
}

/** A create that meets a customer with the same number or address adds to it and removes nothing. */
export function asUpdateOf(existing: Customer, request: WriteRequest): WriteRequest {
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
export function swapped(after: Customer, request: WriteRequest): Customer {
  const sent = request.scalars.email;
  const first = after.otherEmails[0];
  if (!sent || !Array.isArray(request.otherEmails) || !first) return after;
  const others = after.otherEmails.map((item) => (item === first ? { id: item.id, content: sent } : item));
  return { ...after, email: first.content, otherEmails: others };
}
