/** The calls about agents, agent groups and organizations (udesk/api.md §9), and the tenant's own settings. */
import { type Call, type Context, type Handlers, metaMember } from './call.ts';
import type { Customer } from './customer.ts';
import { type Agent, type Group, type Organization, putById } from './directory.ts';
import { idJson, parseId } from './ids.ts';
import { type Meta, meta, pageOf } from './list.ts';
import {
  customFieldsMember,
  filtersMember,
  oldCustomFieldsMember,
  organizationFieldsMember,
} from './metadata.ts';
import { badParameter, missingParameter, Refusal } from './refusal.ts';
import type { Switches } from './switches.ts';
import type { Origin, Tenant } from './tenant.ts';
import { readCustomFields, text } from './write-request.ts';

export interface DirectoryRouteOptions extends Context {
  readonly tenant: Tenant;
  readonly switches: Switches;
  readonly customersMember: (customers: readonly Customer[]) => string;
}

const ORIGIN: Origin = 'api';

export function directoryRoutes(options: DirectoryRouteOptions): Handlers {
  const { tenant, switches, customersMember, responseIds } = options;
  const { directory } = tenant;

  const notFound = (what: string): Refusal =>
    new Refusal(Number(switches.get('not_found.code')), '记录不存在', `${what} is not found`);
  const byApi = ORIGIN === 'api';

  /** Agents and groups counted under `count` in the first generation (api.md §5). */
  function peopleMeta(pages: Meta): string {
    if (switches.get('shape.directory_meta') === 'total_count') return metaMember(pages);
    const { total_count: count, ...rest } = pages;
    return `"meta":${JSON.stringify({ ...rest, count })}`;
  }

  function page<T>(call: Call, rows: readonly T[], json: (row: T) => string, key: string, size?: number) {
    const range = pageOf(call.text('page'), call.text('per_page'), size);
    const shown = rows.slice(range.start, range.start + range.size).map(json);
    return { rows: `"${key}":[${shown.join(',')}]`, meta: meta(range.page, range.size, rows.length) };
  }

  function agentJson(agent: Agent): string {
    const ids = responseIds();
    const { id, email, nick_name, profile = 'im', groupIds = [] } = agent;
    const rest = JSON.stringify({
      email,
      nick_name,
      profile,
      aliase: null,
      cellphone: null,
      role_name: 'agent',
      duty: null,
      im_ability_value: 1,
    });
    const groups = groupIds.map((group) => idJson(group, ids)).join(',');
    return `{"id":${idJson(id, ids)},"user_group_ids":[${groups}],${rest.slice(1)}`;
  }

  function groupJson(group: Group): string {
    const ids = responseIds();
    const members = directory.agents.filter((agent) => agent.groupIds?.includes(group.id));
    const agents = members.map(
      ({ id, nick_name }) => `{"id":${idJson(id, ids)},"nick_name":${JSON.stringify(nick_name)}}`,
    );
    return `{"id":${idJson(group.id, ids)},"name":${JSON.stringify(group.name)},"agents":[${agents.join(',')}]}`;
  }

  function organizationJson(organization: Organization): string {
    const { id, name, domains, description, customFields = {} } = organization;
    const count = tenant.index.customersOf(id);
    const rest = JSON.stringify({
      name,
      domains,
      custom_fields: customFields,
      description,
      customer_count: count,
    });
    return `{"id":${idJson(id, responseIds())},${rest.slice(1)}`;
  }

  function organizationOf(call: Call): Organization {
    const [type, content] = [call.text('type'), call.text('content')];
    if (type === '') throw missingParameter('type');
    if (content === '') throw missingParameter('content');
    const found = directory.organizations.find((one) => {
      if (type === 'id') return one.id === parseId(content);
      if (type === 'name') return one.name === content;
      if (type === 'token') return one.token === content;
      throw badParameter('type is not id, name or token');
    });
    if (!found) throw notFound('organization');
    return found;
  }

  function organizationFrom(call: Call, before: Organization): Organization {
    const body = wrapped(call, 'organization');
    const read = (name: string, otherwise: string): string =>
      name in body ? (text(name, body[name]) ?? '') : otherwise;
    const after = {
      ...before,
      name: read('name', before.name),
      domains: read('domains', before.domains),
      description: read('description', before.description),
      customFields: { ...before.customFields, ...readCustomFields(body.custom_fields) },
    };
    if (after.name.trim() === '') throw badParameter('organization name is missing');
    if (directory.organizations.some((other) => other.name === after.name && other.id !== after.id)) {
      throw badParameter('organization name has already been taken');
    }
    return after;
  }

  function saveOrganization(before: Organization | null, after: Organization): string {
    directory.organizations = putById(directory.organizations, after);
    tenant.tell({ object: 'Organization', type: before ? 'update' : 'create', before, after, byApi });
    return `"organization":${organizationJson(after)}`;
  }

  function agentFrom(call: Call, before: Agent): Agent {
    const body = wrapped(call, 'agent');
    const after = {
      ...before,
      email: text('email', body.email) ?? before.email,
      nick_name: text('nick_name', body.nick_name) ?? before.nick_name,
    };
    if (after.email === '' || after.nick_name === '') throw badParameter('email and nick_name are needed');
    if (directory.agents.some((other) => other.email === after.email && other.id !== after.id)) {
      throw badParameter('email has already been taken');
    }
    directory.agents = putById(directory.agents, after);
    return after;
  }

  const agentById = (call: Call): Agent => member(directory.agents, call.id, () => notFound('agent'));
  const groupById = (call: Call): Group => member(directory.groups, call.id, () => notFound('user group'));

  function saveGroup(before: Group | null, after: Group): string {
    if (after.name.trim() === '') throw badParameter('user group name is missing');
    directory.groups = putById(directory.groups, after);
    tenant.tell({ object: 'UserGroup', type: before ? 'update' : 'create', before, after, byApi });
    return `"user_group":${groupJson(after)}`;
  }

  return {
    'GET /organizations': (call) => {
      const query = call.text('query');
      const rows = directory.organizations.filter((one) => one.name.includes(query));
      const { rows: member, meta: pages } = page(call, rows, organizationJson, 'organizations', 100);
      return `${member},${metaMember(pages)}`;
    },
    'GET /organizations/show_org': (call) => `"organization":${organizationJson(organizationOf(call))}`,
    'POST /organizations': (call) => {
      const blank = { id: directory.nextId(), name: '', domains: '', description: '' };
      return saveOrganization(null, organizationFrom(call, blank));
    },
    // M17 says POST; PUT is what the second generation most likely has (api.md §9: inferred).
    'POST /organizations/update_org': (call) => {
      const before = organizationOf(call);
      return saveOrganization(before, organizationFrom(call, before));
    },
    'PUT /organizations/update_org': (call) => {
      const before = organizationOf(call);
      return saveOrganization(before, organizationFrom(call, before));
    },
    'DELETE /organizations/destroy_org': (call) => {
      const before = organizationOf(call);
      directory.organizations = directory.organizations.filter((one) => one.id !== before.id);
      tenant.reassign('organizationId', before.id, null);
      tenant.tell({ object: 'Organization', type: 'destroy', before, after: null, byApi });
      return `"id":${idJson(before.id, responseIds())}`;
    },
    'GET /organizations/custom_fields': () => organizationFieldsMember(directory.organizationFields),
    'GET /organizations/customers': (call) => {
      const { id } = organizationOf(call);
      const size = call.text('page_size') || call.text('per_page');
      const range = pageOf(call.text('page'), size);
      const all = tenant.index
        .newestFirst(0, tenant.index.size)
        .filter((customer) => customer.organizationId === id);
      const shown = all.slice(range.start, range.start + range.size);
      return `${customersMember(shown)},${metaMember(meta(range.page, range.size, all.length))}`;
    },
    'GET /agents': (call) => {
      const all = call.text('with_disabled') === 'true';
      const rows = directory.agents.filter((agent) => all || agent.disabled !== true);
      const { rows: member, meta: pages } = page(call, rows, agentJson, 'agents');
      return `${member},${peopleMeta(pages)}`;
    },
    'GET /agents/get_agent': (call) => {
      const [type, content] = [call.text('type'), call.text('content')];
      const found = directory.agents.find((agent) =>
        type === 'id' ? agent.id === parseId(content) : type === 'email' && agent.email === content,
      );
      if (!found) throw notFound('agent');
      return `"agent":${agentJson(found)}`;
    },
    'POST /agents': (call) =>
      `"agent":${agentJson(agentFrom(call, { id: directory.nextId(), nick_name: '', email: '' }))}`,
    'PUT /agents/:id': (call) => `"agent":${agentJson(agentFrom(call, agentById(call)))}`,
    // What the agent owned goes to somebody else: owners change without any customer being edited (api.md §3.8).
    'DELETE /agents/:id': (call) => {
      const { id } = agentById(call);
      directory.agents = directory.agents.filter((agent) => agent.id !== id);
      tenant.reassign('ownerId', id, parseId(call.text('owner_id')));
      return `"id":${idJson(id, responseIds())}`;
    },
    'GET /user_groups': (call) => {
      const { rows, meta: pages } = page(call, directory.groups, groupJson, 'user_groups');
      return `${rows},${peopleMeta(pages)}`;
    },
    'GET /user_groups/:id/agents': (call) => {
      const group = groupById(call);
      const members = directory.agents.filter((agent) => agent.groupIds?.includes(group.id));
      const { rows, meta: pages } = page(call, members, agentJson, 'agents');
      return `${rows},${peopleMeta(pages)}`;
    },
    'POST /user_groups': (call) =>
      saveGroup(null, { id: directory.nextId(), name: text('name', wrapped(call, 'user_group').name) ?? '' }),
    'PUT /user_groups/:id': (call) => {
      const before = groupById(call);
      return saveGroup(before, { ...before, name: text('name', wrapped(call, 'user_group').name) ?? '' });
    },
    'DELETE /user_groups/:id': (call) => {
      const before = groupById(call);
      directory.groups = directory.groups.filter((group) => group.id !== before.id);
      tenant.reassign('ownerGroupId', before.id, null);
      tenant.tell({ object: 'UserGroup', type: 'destroy', before, after: null, byApi });
      return `"id":${idJson(before.id, responseIds())}`;
    },
    'GET /customers/filters': () => filtersMember(responseIds()),
    'GET /customers/custom_fields': () =>
      oldCustomFieldsMember(directory.customFields, switches.get('shape.custom_fields')),
    'GET /custom_fields': (call) => customFieldsMember(directory, call.text('category')),
  };
}

function wrapped(call: Call, key: string): Readonly<Record<string, unknown>> {
  const body = call.body[key];
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw missingParameter(key);
  return body as Record<string, unknown>;
}

function member<T extends { readonly id: number }>(
  list: readonly T[],
  id: string,
  missing: () => Refusal,
): T {
  const found = list.find((one) => one.id === parseId(id));
  if (!found) throw missing();
  return found;
}
