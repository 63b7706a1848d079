/** A customer's history: one `Alteration` record per changed field, in a sentence like the vendor's sample (api.md §7). */
import type { Customer, Item } from './customer.ts';
import type { Author, Directory } from './directory.ts';

export interface Feed {
  readonly id: number;
  /** The tenant's time in milliseconds. */
  readonly time: number;
  /** Null: the history does not say. */
  readonly author: Author | null;
  readonly summary: string;
}

export type Wording = 'zh' | 'en' | 'strange';

/** Sentences that say what changed: field, old value, new value. Empty when nothing did. */
export function summariesOf(
  before: Customer,
  after: Customer,
  directory: Directory,
  wording: Wording = 'zh',
): string[] {
  const scalar = (name: string, old: string | null | undefined, now: string | null | undefined) =>
    sentence(wording, name, old ?? '', now ?? '');
  const items = (name: string, old: readonly Item[], now: readonly Item[]) => itemsOf(scalar, name, old, now);
  const fields = (old: Customer['customFields'], now: Customer['customFields']) => fieldsOf(scalar, old, now);
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

/** The fields' names in English, as far as the sentences name them. */
const ENGLISH: Readonly<Record<string, string>> = {
  昵称: 'nick_name',
  邮箱: 'email',
  其他邮箱: 'other_emails',
  电话: 'cellphones',
  等级: 'level',
  描述: 'description',
  标签: 'tags',
  负责人: 'owner',
  负责组: 'owner_group',
  公司: 'organization',
  外部标识: 'open_api_token',
  黑名单: 'is_blocked',
};

function sentence(wording: Wording, name: string, old: string, now: string): string | null {
  if (old === now) return null;
  if (wording === 'strange') return `客户的${name}已更新`;
  if (wording === 'en') {
    const target = now === '' ? 'empty' : `"${now}"`;
    const field = ENGLISH[name] ?? name;
    return old === '' ? `${field} set to ${target}` : `${field} changed from "${old}" to ${target}`;
  }
  const target = now === '' ? '<空>' : `“${now}”`;
  return old === '' ? `将${name}设置为${target}` : `将${name}从“${old}”设置为 ${target}`;
}

type Say = (name: string, old: string | null | undefined, now: string | null | undefined) => string | null;

function itemsOf(say: Say, name: string, before: readonly Item[], after: readonly Item[]): string[] {
  const old = new Map(before.map((item) => [item.id, item.content]));
  const now = new Set(after.map((item) => item.id));
  const removed = before.filter((item) => !now.has(item.id)).map((item) => say(name, item.content, ''));
  const others = after.map((item) => say(name, old.get(item.id), item.content));
  return [...removed, ...others].filter((summary) => summary !== null);
}

function fieldsOf(
  say: Say,
  before: Customer['customFields'],
  after: Customer['customFields'],
): (string | null)[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].map((name) => say(name, valueText(before[name]), valueText(after[name])));
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
