/** A customer's history: one `Alteration` record per changed field, in a sentence like the vendor's sample (api.md §7). */
import type { Customer, Item } from './customer.ts';
import type { Author, Directory } from './directory.ts';

export interface Feed {
  readonly id: number;
  /** The tenant's time in milliseconds. */
  readonly time: number;
  readonly author: Author;
  readonly summary: string;
}

/** Sentences that say what changed: field, old value, new value. Empty when nothing did. */
export function summariesOf(before: Customer, after: Customer, directory: Directory): string[] {
  const organization = (id: number | null) => directory.organizationOf(id)?.name;
  return [
    scalar('昵称', before.nickName, after.nickName),
    scalar('邮箱', before.email, after.email),
    ...items('其他邮箱', before.otherEmails, after.otherEmails),
    ...items('电话', before.cellphones, after.cellphones),
    scalar('等级', before.level, after.level),
    scalar('描述', before.description, after.description),
    scalar('标签', before.tags.join(','), after.tags.join(',')),
    scalar('负责人', directory.agentName(before.ownerId), directory.agentName(after.ownerId)),
    scalar('负责组', directory.groupName(before.ownerGroupId), directory.groupName(after.ownerGroupId)),
    scalar('公司', organization(before.organizationId), organization(after.organizationId)),
    scalar('外部标识', before.token, after.token),
    scalar('黑名单', before.isBlocked ? '是' : '否', after.isBlocked ? '是' : '否'),
    ...fields(before.customFields, after.customFields),
  ].filter((summary) => summary !== null);
}

export const CREATED_SUMMARY = '创建客户';

function scalar(
  name: string,
  before: string | null | undefined,
  after: string | null | undefined,
): string | null {
  const [old, now] = [before ?? '', after ?? ''];
  if (old === now) return null;
  const target = now === '' ? '<空>' : `“${now}”`;
  return old === '' ? `将${name}设置为${target}` : `将${name}从“${old}”设置为 ${target}`;
}

function items(name: string, before: readonly Item[], after: readonly Item[]): string[] {
  const old = new Map(before.map((item) => [item.id, item.content]));
  const now = new Set(after.map((item) => item.id));
  const removed = before.filter((item) => !now.has(item.id)).map((item) => scalar(name, item.content, ''));
  const others = after.map((item) => scalar(name, old.get(item.id), item.content));
  return [...removed, ...others].filter((summary) => summary !== null);
}

function fields(before: Customer['customFields'], after: Customer['customFields']): (string | null)[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].map((name) => scalar(name, valueText(before[name]), valueText(after[name])));
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** `2017-02-08T09:38:33.000+08:00`: Beijing time, whole seconds. */
export function vendorTime(timeMs: number): string {
  const beijing = new Date(Math.floor(timeMs / 1000) * 1000 + 8 * 3_600_000);
  return beijing.toISOString().replace('Z', '+08:00');
}
