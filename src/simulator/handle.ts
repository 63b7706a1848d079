/** Control of a tenant from outside the API: what a person at Udesk, or a test, does. The control interface offers the same. */
import type { Customer, CustomerAttributes } from './customer.ts';
import type { Agent, FieldDefinition, Group, Organization } from './directory.ts';
import { AGENTS, type Author } from './directory.ts';
import type { FaultSpec, Faults } from './faults.ts';
import { vendorTime } from './feeds.ts';
import type { EventKind, HistoryEvent } from './history.ts';
import { type IdForm, idText, parseId } from './ids.ts';
import { Refusal } from './refusal.ts';
import type { Switches } from './switches.ts';
import type { Tenant } from './tenant.ts';

export interface ItemView {
  readonly id: string;
  readonly content: string;
}

export interface FeedView {
  readonly id: string;
  readonly time: string;
  readonly author: Author | null;
  readonly summary: string;
}

/** A customer in one plain form, whatever the shape switches say. Ids are text, as the API shows them. */
export interface CustomerView {
  readonly id: string;
  readonly nick_name: string;
  readonly email: string | null;
  readonly other_emails: readonly ItemView[];
  readonly cellphones: readonly ItemView[];
  readonly level: 'normal' | 'vip';
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly owner_id: number | null;
  readonly owner_group_id: number | null;
  readonly organization_id: number | null;
  readonly custom_fields: Readonly<Record<string, unknown>>;
  readonly open_api_token: string | null;
  readonly is_blocked: boolean;
  readonly platform: string;
}

export type CustomerId = string | number | bigint;

/** Ids that do not exist, and duplicates, throw `Refusal` as the API would. */
export interface TenantHandle {
  readonly count: number;
  /** Newest first; all of them unless told. */
  list(range?: { offset?: number; limit?: number }): CustomerView[];
  get(id: CustomerId): CustomerView | null;
  /** By one of the six identifiers of the API. */
  find(type: string, content: string): CustomerView | null;
  /** Lists in `changes` are whole lists; elements keep their ids by id or by content. `author` is an agent (8, Tom). */
  edit(id: CustomerId, changes: CustomerAttributes, author?: Author): CustomerView;
  create(attributes: CustomerAttributes, author?: Author): CustomerView;
  delete(id: CustomerId): void;
  /** The second survives. */
  merge(fromId: CustomerId, toId: CustomerId, author?: Author): CustomerView;
  /** The changes alone, newest first. */
  feeds(id: CustomerId): FeedView[];
  /** A ticket, call, chat or follow-up; members in the vendor's names. Its id as text. */
  happened(id: CustomerId, kind: EventKind, data?: HistoryEvent['data']): string;
  /** Definitions of the customers' custom fields; setting them is what an administrator does. */
  customFields: readonly FieldDefinition[];
  /** As an administrator changes them: customers keep the ids that they hold. */
  agents: readonly Agent[];
  groups: readonly Group[];
  organizations: readonly Organization[];
  readonly faults: {
    push(spec: FaultSpec): void;
    clear(): void;
    readonly pending: readonly FaultSpec[];
  };
}

const PERSON: Author = AGENTS[1] ?? { id: 8, nick_name: 'Tom' };

export function createHandle(tenant: Tenant, faults: Faults, switches: Switches): TenantHandle {
  const idForm = (): IdForm => (switches.get('shape.ids') === 'big' ? 'big' : 'int');
  const view = (customer: Customer) => viewOf(customer, idForm());
  const known = (id: CustomerId): number => parseId(id) ?? -1;
  return {
    get count() {
      return tenant.index.size;
    },
    list: ({ offset = 0, limit = Number.POSITIVE_INFINITY } = {}) =>
      tenant.index.newestFirst(offset, limit).map(view),
    get: (id) => {
      const customer = tenant.index.get(known(id));
      return customer && view(customer);
    },
    find: (type, content) => {
      try {
        return view(tenant.find(type, content));
      } catch (thrown) {
        if (thrown instanceof Refusal) return null;
        throw thrown;
      }
    },
    edit: (id, changes, author = PERSON) => view(tenant.write(known(id), changes, author)),
    create: (attributes, author = PERSON) => view(tenant.write(null, attributes, author)),
    delete: (id) => tenant.destroy(known(id), 'person'),
    merge: (fromId, toId, author = PERSON) =>
      view(tenant.merge(known(fromId), known(toId), author, 'person')),
    feeds: (id) =>
      tenant.feedsOf(known(id)).map((feed) => ({
        id: idText(feed.id, idForm()),
        time: vendorTime(feed.time),
        author: feed.author,
        summary: feed.summary,
      })),
    happened: (id, kind, data = {}) => idText(tenant.happened(known(id), kind, data).id, idForm()),
    get customFields() {
      return tenant.directory.customFields;
    },
    set customFields(fields) {
      tenant.directory.customFields = fields;
    },
    get agents() {
      return tenant.directory.agents;
    },
    set agents(agents) {
      tenant.directory.agents = agents;
    },
    get groups() {
      return tenant.directory.groups;
    },
    set groups(groups) {
      tenant.directory.groups = groups;
    },
    get organizations() {
      return tenant.directory.organizations;
    },
    set organizations(organizations) {
      tenant.directory.organizations = organizations;
    },
    faults,
  };
}

function viewOf(customer: Customer, form: IdForm): CustomerView {
  const items = (list: Customer['cellphones']) =>
    list.map((item) => ({ id: idText(item.id, form), content: item.content }));
  return {
    id: idText(customer.id, form),
    nick_name: customer.nickName,
    email: customer.email,
    other_emails: items(customer.otherEmails),
    cellphones: items(customer.cellphones),
    level: customer.level,
    description: customer.description,
    tags: customer.tags,
    owner_id: customer.ownerId,
    owner_group_id: customer.ownerGroupId,
    organization_id: customer.organizationId,
    custom_fields: customer.customFields,
    open_api_token: customer.token,
    is_blocked: customer.isBlocked,
    platform: customer.platform,
  };
}
