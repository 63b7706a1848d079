/** What a tenant has beside its customers: agents, groups, organizations, custom field definitions, saved filters. */
import type { Customer } from './customer.ts';
import { hash32 } from './random.ts';

export interface Author {
  readonly id: number;
  readonly nick_name: string;
}

export interface Agent extends Author {
  readonly email: string;
  readonly profile?: string;
  readonly disabled?: boolean;
  readonly groupIds?: readonly number[];
}

export interface Group {
  readonly id: number;
  readonly name: string;
}

export interface Organization {
  readonly id: number;
  readonly name: string;
  readonly domains: string;
  readonly description: string;
  readonly token?: string | null;
  readonly customFields?: Readonly<Record<string, unknown>>;
}

/** The tenant itself, as tags name it. */
export const COMPANY_ID = 322593755;

export const AGENTS: readonly Agent[] = [
  { id: 1, nick_name: 'Alex', email: 'alex@agents.example.com', profile: 'all', groupIds: [15] },
  { id: 8, nick_name: 'Tom', email: 'tom@agents.example.com', profile: 'im', groupIds: [15, 16] },
  { id: 9, nick_name: 'Jerry', email: 'jerry@agents.example.com', profile: 'im', groupIds: [16] },
  { id: 12, nick_name: '王芳', email: 'wangfang@agents.example.com', profile: 'call', groupIds: [17] },
  { id: 13, nick_name: '李雷', email: 'lilei@agents.example.com', profile: 'ticket', groupIds: [] },
];

export const GROUPS: readonly Group[] = [
  { id: 15, name: '默认组' },
  { id: 16, name: '售前组' },
  { id: 17, name: '售后组' },
];

export const ORGANIZATIONS: readonly Organization[] = [
  { id: 1, name: 'two_org', domains: 'two.example.com', description: 'the second one' },
  { id: 2, name: '北京云帆科技有限公司', domains: 'yunfan.example.com', description: '' },
  { id: 3, name: '上海明达贸易有限公司', domains: 'mingda.example.com', description: '老客户' },
  { id: 4, name: 'Northwind Traders', domains: 'northwind.example.com', description: '' },
  { id: 5, name: '深圳海拓电子', domains: 'haituo.example.com', description: '' },
];

export interface FieldDefinition {
  readonly id: number;
  readonly name: string;
  readonly title: string;
  readonly type: string;
  /** Labels; null for fields without options. */
  readonly options: readonly string[] | null;
  /** Their values in the second generation; the positions where left out. */
  readonly values?: readonly string[];
  readonly required?: boolean;
}

export const CUSTOM_FIELDS: readonly FieldDefinition[] = [
  { id: 101, name: 'TextField_1', title: '微信号', type: 'text', options: null },
  { id: 102, name: 'TextField_2', title: '行业', type: 'text', options: null },
  { id: 103, name: 'TextField_3', title: '备注地址', type: 'area_text', options: null },
  {
    id: 104,
    name: 'SelectField_1',
    title: '客户来源',
    type: 'droplist',
    options: ['官网', '展会', '转介绍', '电话'],
  },
  {
    id: 105,
    name: 'SelectField_2',
    title: '关注产品',
    type: 'checkbox',
    options: ['呼叫中心', '在线客服', '工单'],
  },
];

export const ORGANIZATION_FIELDS: readonly FieldDefinition[] = [
  { id: 201, name: 'TextField_10', title: '行业代码', type: 'text', options: null },
  { id: 202, name: 'SelectField_11', title: '规模', type: 'droplist', options: ['小', '中', '大'] },
];

export interface Filter {
  readonly id: number;
  readonly name: string;
  readonly holds: (customer: Customer) => boolean;
}

/**
 * Sets that cover a tenant together, for one above the list's cap: 1 and 2 by level, 10 and 11… by owner, 101–104
 * quarters of about the same size. An agent that was added later has no filter.
 */
export const FILTERS: readonly Filter[] = [
  { id: 1, name: 'VIP客户', holds: (customer) => customer.level === 'vip' },
  { id: 2, name: '普通客户', holds: (customer) => customer.level === 'normal' },
  { id: 3, name: '黑名单', holds: (customer) => customer.isBlocked },
  { id: 10, name: '无负责人', holds: (customer) => customer.ownerId === null },
  ...AGENTS.map((agent) => ({
    id: 10 + agent.id,
    name: `${agent.nick_name}的客户`,
    holds: (customer: Customer) => customer.ownerId === agent.id,
  })),
  ...[0, 1, 2, 3].map((quarter) => ({
    id: 101 + quarter,
    name: `第${quarter + 1}组`,
    holds: (customer: Customer) => hash32(String(customer.id)) % 4 === quarter,
  })),
];

/** The lists of one tenant, which its people and the API can change. */
export class Directory {
  agents: readonly Agent[] = AGENTS;
  groups: readonly Group[] = GROUPS;
  organizations: readonly Organization[] = ORGANIZATIONS;
  customFields: readonly FieldDefinition[] = CUSTOM_FIELDS;
  organizationFields: readonly FieldDefinition[] = ORGANIZATION_FIELDS;
  #lastId = 1_000;

  nextId(): number {
    return ++this.#lastId;
  }

  agentName(id: number | null): string {
    return this.agents.find((agent) => agent.id === id)?.nick_name ?? '';
  }

  groupName(id: number | null): string {
    return this.groups.find((group) => group.id === id)?.name ?? '';
  }

  organizationOf(id: number | null): Organization | null {
    return this.organizations.find((organization) => organization.id === id) ?? null;
  }
}

/** The list with this member in the place of the one with its id, or at the end. */
export function putById<T extends { readonly id: number }>(list: readonly T[], member: T): readonly T[] {
  if (!list.some((other) => other.id === member.id)) return [...list, member];
  return list.map((other) => (other.id === member.id ? member : other));
}
