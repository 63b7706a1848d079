/** What happened in the tenant, for those who tell the outside (webhooks.ts). */
import type { Customer } from './customer.ts';
import type { Group, Organization } from './directory.ts';

export interface Changed<Name extends string, T> {
  readonly object: Name;
  readonly type: 'create' | 'update' | 'destroy';
  readonly before: T | null;
  readonly after: T | null;
  /** By a call of the API, not by a person at the tenant. */
  readonly byApi: boolean;
}

export type TenantEvent =
  | Changed<'Customer', Customer>
  | Changed<'Organization', Organization>
  | Changed<'UserGroup', Group>;
