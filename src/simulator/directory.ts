/** What a tenant has beside its customers: agents, groups, organizations, custom field definitions, saved filters. */
import type { Customer } from './customer.ts';

export interface Author {
  readonly id: number;
  readonly nick_name: string;
}

export interface Organization {
  readonly id: number;
  readonly name: string;
  readonly domains: string;
  readonly description: string;
}

/** The tenant itself, as tags name it. */
export const COMPANY_ID = 322593755;

export const AGENTS: readonly Author[] = [
  { id: 1, nick_name: 'Alex' },
  { id: 8, nick_name: 'Tom' },
  { id: 9, nick_name: 'Jerry' },
  { id: 12, nick_name: '王芳' },
  { id: 13, nick_name: '李雷' },
];

export const GROUPS: readonly { readonly id: number; readonly name: string }[] = [
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
  readonly options: readonly string[] | null;
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

export interface Filter {
  readonly id: number;
  readonly name: string;
  readonly holds: (customer: Customer) => boolean;
}

/** The first two split a tenant in two, the owner filters split it by owner: what a tenant above the list's cap needs. */
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
];

export function agentName(id: number | null): string {
  return AGENTS.find((agent) => agent.id === id)?.nick_name ?? '';
}

export function groupName(id: number | null): string {
  return GROUPS.find((group) => group.id === id)?.name ?? '';
}

export function organizationOf(id: number | null): Organization | null {
  return ORGANIZATIONS.find((organization) => organization.id === id) ?? null;
}
