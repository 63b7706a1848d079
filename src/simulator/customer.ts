/** What the tenant keeps of one customer, and the forms in which seeds and edits are given. */

/** A phone or a secondary e-mail, with the id that the tenant gave it. */
export interface Item {
  readonly id: number;
  readonly content: string;
}

/** Never changed in place: each write makes a new one. */
export interface Customer {
  readonly id: number;
  readonly nickName: string;
  /** The primary address; it has no id of its own. */
  readonly email: string | null;
  readonly otherEmails: readonly Item[];
  readonly cellphones: readonly Item[];
  readonly level: Level;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly ownerId: number | null;
  readonly ownerGroupId: number | null;
  readonly organizationId: number | null;
  readonly customFields: Readonly<Record<string, unknown>>;
  /** The customer's id in an outside system (`open_api_token`). */
  readonly token: string | null;
  readonly isBlocked: boolean;
  readonly platform: string;
  readonly weixinOpenId: string | null;
  readonly weiboId: string | null;
}

export type Level = 'normal' | 'vip';
export const LEVELS: readonly string[] = ['normal', 'vip'] satisfies Level[];

/** An element without an id is matched by its content, else it is new. */
export type ItemInput = string | { readonly id?: string | number | null; readonly content: string };

/**
 * Attributes as a person at the tenant would set them (seed, control interface), in the API's own names.
 * A list is the whole list: what is not in it is removed. `custom_fields` is merged key by key. A missing key changes nothing.
 */
export interface CustomerAttributes {
  readonly nick_name?: string;
  readonly email?: string | null;
  readonly other_emails?: readonly ItemInput[];
  readonly cellphones?: readonly ItemInput[];
  readonly level?: Level;
  readonly description?: string | null;
  readonly tags?: readonly string[];
  readonly owner_id?: number | null;
  readonly owner_group_id?: number | null;
  readonly organization_id?: number | null;
  readonly custom_fields?: Readonly<Record<string, unknown>>;
  readonly open_api_token?: string | null;
  readonly is_blocked?: boolean;
  readonly platform?: string;
  readonly weixin_open_id?: string | null;
  readonly weibo_id?: string | null;
}

/** A customer that the tenant starts with. `id` is chosen when it is left out; ids must increase. */
export interface CustomerSeed extends CustomerAttributes {
  readonly id?: number;
}

export const BLANK_CUSTOMER: Omit<Customer, 'id'> = {
  nickName: '',
  email: null,
  otherEmails: [],
  cellphones: [],
  level: 'normal',
  description: null,
  tags: [],
  ownerId: null,
  ownerGroupId: null,
  organizationId: null,
  customFields: {},
  token: null,
  isBlocked: false,
  platform: '手动录入',
  weixinOpenId: null,
  weiboId: null,
};
