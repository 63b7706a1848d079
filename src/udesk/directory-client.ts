/** Calls about agents, agent groups and organizations (udesk/api.md §9): whom owners and companies of customers name. */
import { SyncError } from '../errors.ts';
import {
  type DecodedPage,
  decodedPage,
  firstId,
  list,
  orGone,
  orNotFound,
  type RawPage,
  requireId,
  requireSelector,
} from './calls.ts';
import { type DirectoryEntry, decodeDirectory } from './directory.ts';
import { objectOf } from './errors.ts';
import type { JsonObject } from './json.ts';
import { createNotFoundJudge, type NotFoundJudge } from './not-found.ts';
import type { Transport } from './transport.ts';

export interface PageQuery {
  /** From 1. */
  readonly page: number;
  /** At most 100. */
  readonly pageSize: number;
}

/** On the wire as it stands; ids in it are text. */
export interface OrganizationWrite {
  readonly name?: string;
  readonly description?: string | null;
  /** Comma-separated. */
  readonly domains?: string | null;
  readonly custom_fields?: Readonly<Record<string, unknown>>;
}

export type OrganizationLookup = 'id' | 'name' | 'token';

export interface DirectoryCalls {
  agents(
    query: PageQuery & { readonly withDisabled?: boolean },
    signal?: AbortSignal,
  ): Promise<DecodedPage<DirectoryEntry>>;
  getAgent(type: 'id' | 'email', content: string, signal?: AbortSignal): Promise<DirectoryEntry | null>;
  userGroups(query: PageQuery, signal?: AbortSignal): Promise<DecodedPage<DirectoryEntry>>;
  groupAgents(groupId: string, query: PageQuery, signal?: AbortSignal): Promise<DecodedPage<DirectoryEntry>>;
  organizations(
    query: PageQuery & { readonly filterId?: string; readonly query?: string },
    signal?: AbortSignal,
  ): Promise<DecodedPage<DirectoryEntry>>;
  getOrganization(
    type: OrganizationLookup,
    content: string,
    signal?: AbortSignal,
  ): Promise<DirectoryEntry | null>;
  /** Sent at most once, except after proof that nothing was done. */
  createOrganization(
    write: OrganizationWrite & { readonly name: string },
    signal?: AbortSignal,
  ): Promise<DirectoryEntry>;
  /** Null when there is no such organization. */
  updateOrganization(
    type: OrganizationLookup,
    content: string,
    write: OrganizationWrite,
    signal?: AbortSignal,
  ): Promise<DirectoryEntry | null>;
  /** False when there was no such organization. */
  deleteOrganization(type: OrganizationLookup, content: string, signal?: AbortSignal): Promise<boolean>;
  /** Undecoded customers, as `listCustomers` gives them. */
  organizationCustomers(
    type: OrganizationLookup,
    content: string,
    query: PageQuery,
    signal?: AbortSignal,
  ): Promise<RawPage>;
}

/** @param monotonic milliseconds */
export function createDirectoryCalls(transport: Transport, monotonic: () => number): DirectoryCalls {
  const { run } = transport;
  /** Agents, groups and organizations say `per_page`, customers `page_size` (api.md §5). */
  const perPage = ({ page, pageSize }: PageQuery) => ({ page: String(page), per_page: String(pageSize) });

  const rawAgents = (query: PageQuery, withDisabled: boolean | undefined, signal?: AbortSignal) => {
    const disabled = withDisabled === undefined ? {} : { with_disabled: String(withDisabled) };
    const call = { path: 'agents', query: { ...perPage(query), ...disabled }, signal };
    return list(transport, call, 'agents');
  };
  const rawOrganizations = (
    query: Parameters<DirectoryCalls['organizations']>[0],
    signal: AbortSignal | undefined,
  ) => {
    const parameters = { ...perPage(query), filter_id: query.filterId, query: query.query };
    const call = { path: 'organizations', query: parameters, signal };
    return list(transport, call, 'organizations');
  };

  async function show(
    kind: DirectoryEntry['kind'],
    path: string,
    selector: Readonly<Record<string, string>>,
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<DirectoryEntry> {
    const { body, context } = await run({
      method: 'GET',
      path,
      query: selector,
      write: false,
      expects: key,
      signal,
    });
    return onlyOne(kind, objectOf(body, key, context));
  }

  function findOrganization(type: OrganizationLookup, content: string, signal?: AbortSignal) {
    requireSelector(type, content);
    return show('organization', 'organizations/show_org', { type, content }, 'organization', signal);
  }
  function findAgent(type: 'id' | 'email', content: string, signal?: AbortSignal) {
    requireSelector(type, content);
    return show('agent', 'agents/get_agent', { type, content }, 'agent', signal);
  }
  const judgeOf = (
    rows: (signal: AbortSignal | undefined) => Promise<RawPage>,
    find: (id: string, signal: AbortSignal | undefined) => Promise<unknown>,
  ): NotFoundJudge =>
    createNotFoundJudge(
      {
        newestId: async (signal) => firstId((await rows(signal)).rows),
        find: async (id, signal) => void (await find(id, signal)),
      },
      monotonic,
    );
  const ONE = { page: 1, pageSize: 1 };
  const organizationJudge = judgeOf(
    (signal) => rawOrganizations(ONE, signal),
    (id, signal) => findOrganization('id', id, signal),
  );
  const agentJudge = judgeOf(
    (signal) => rawAgents(ONE, undefined, signal),
    (id, signal) => findAgent('id', id, signal),
  );

  const getOrganization: DirectoryCalls['getOrganization'] = (type, content, signal) =>
    orNotFound(organizationJudge, () => findOrganization(type, content, signal), signal);

  return {
    async agents(query, signal) {
      return directoryPage('agent', await rawAgents(query, query.withDisabled, signal));
    },
    getAgent: (type, content, signal) =>
      orNotFound(agentJudge, () => findAgent(type, content, signal), signal),
    async userGroups(query, signal) {
      const call = { path: 'user_groups', query: perPage(query), signal };
      return directoryPage('group', await list(transport, call, 'user_groups'));
    },
    async groupAgents(groupId, query, signal) {
      const call = { path: `user_groups/${requireId(groupId)}/agents`, query: perPage(query), signal };
      return directoryPage('agent', await list(transport, call, 'agents'));
    },
    async organizations(query, signal) {
      return directoryPage('organization', await rawOrganizations(query, signal));
    },
    getOrganization,
    async createOrganization(write, signal) {
      const body = { organization: write };
      const call = {
        method: 'POST',
        path: 'organizations',
        body,
        write: true,
        expects: 'organization',
      } as const;
      const answer = await run({ ...call, signal });
      return onlyOne('organization', objectOf(answer.body, 'organization', answer.context), true);
    },
    async updateOrganization(type, content, write, signal) {
      requireSelector(type, content);
      const update = async () => {
        // M17 says POST; the second generation is not stored (api.md §9).
        const { body, context } = await run({
          method: 'POST',
          path: 'organizations/update_org',
          query: { type, content },
          body: { organization: write },
          write: true,
          expects: 'organization',
          signal,
        });
        return onlyOne('organization', objectOf(body, 'organization', context), true);
      };
      return await orGone(update, () => getOrganization(type, content, signal));
    },
    async deleteOrganization(type, content, signal) {
      requireSelector(type, content);
      const destroy = () =>
        run({
          method: 'DELETE',
          path: 'organizations/destroy_org',
          query: { type, content },
          write: true,
          expects: 'id',
          signal,
        });
      return (await orGone(destroy, () => getOrganization(type, content, signal))) !== null;
    },
    async organizationCustomers(type, content, { page, pageSize }, signal) {
      requireSelector(type, content);
      const size = String(pageSize);
      // The vendor's table says page_size, its sample per_page: both are sent (api.md §5).
      const query = { type, content, page: String(page), page_size: size, per_page: size };
      return await list(transport, { path: 'organizations/customers', query, signal }, 'customers');
    },
  };
}

function directoryPage(kind: DirectoryEntry['kind'], page: RawPage): DecodedPage<DirectoryEntry> {
  return decodedPage(page, (rows) => decodeDirectory(kind, rows));
}

function onlyOne(kind: DirectoryEntry['kind'], raw: JsonObject, write = false): DirectoryEntry {
  const { items, dropped } = decodeDirectory(kind, [raw]);
  if (items[0] !== undefined) return items[0];
  const reason = dropped[0]?.reason ?? '';
  throw new SyncError(
    write ? 'ambiguous' : 'contract',
    `the ${kind} in the answer cannot be read: ${reason}`,
    {
      side: 'udesk',
    },
  );
}
