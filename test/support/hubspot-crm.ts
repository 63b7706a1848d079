/**
 * A HubSpot account over HTTP, as the vendor documents it: CRM API v3 for contacts ("Contacts", "Search the CRM",
 * "Properties", "Error handling", "API usage guidelines and limits") and v1 for the other e-mails of a contact ("Add a
 * secondary email address" and its neighbours). Held to the contract by the vendor's own client
 * (test/integration/crm/hubspot-sdk.test.ts).
 */
import { type CrmReply, type CrmRequest, type CrmServer, startCrmServer } from './crm-server.ts';
import { HubspotSearch } from './hubspot-search.ts';
import { APP, type Contact, HubspotStore, Refused } from './hubspot-store.ts';

export interface HubspotCrm extends CrmServer {
  readonly store: HubspotStore;
  readonly search: HubspotSearch;
  readonly token: string;
  readonly block: Readonly<Record<string, unknown>>;
  /** Which limit a 429 is about. */
  policy: { name: string; retryAfter: string | null };
  /** What an answer about the account's limits says. */
  dailyLeft: number;
  portalId: number;
}

const TOKEN = 'pat-na1-s3cret-of-the-app';
const CONTACTS = '/crm/v3/objects/contacts';
const DEFAULTS = ['createdate', 'email', 'firstname', 'hs_object_id', 'lastmodifieddate', 'lastname'];
const ALWAYS = ['createdate', 'hs_object_id', 'lastmodifieddate'];
/** "Contacts": batch endpoints take 100 inputs, the list shows 100, or 50 with histories. */
const BATCH = 100;

type Json = Readonly<Record<string, unknown>>;

export async function startHubspotCrm(): Promise<HubspotCrm> {
  const store = new HubspotStore();
  store.define('udesk_id', { hasUniqueValue: true });
  store.define('note', { fieldType: 'textarea' });
  const search = new HubspotSearch(store);
  let corrections = 0;

  function answer(request: CrmRequest): CrmReply {
    try {
      if (request.headers.authorization !== `Bearer ${TOKEN}`)
        throw new Refused(401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found');
      return withLimits(routed(request));
    } catch (thrown) {
      if (thrown instanceof Refused) return withLimits(errorReply(thrown));
      throw thrown;
    }
  }

  function routed(request: CrmRequest): CrmReply {
    const { method, path, body } = request;
    const [, id = ''] = /^\/crm\/v3\/objects\/contacts\/([^/]+)$/.exec(path) ?? [];
    switch (`${method} ${path}`) {
      case `GET ${CONTACTS}`:
        return list(request.query);
      case `POST ${CONTACTS}`:
        return { status: 201, json: shown(created(body.properties as Record<string, string>), null) };
      case `POST ${CONTACTS}/search`:
        return { json: search.answer(body) };
      case `POST ${CONTACTS}/batch/read`:
        return batchRead(body);
      case `POST ${CONTACTS}/batch/upsert`:
        return batchUpsert(body);
      case `POST ${CONTACTS}/batch/archive`:
        for (const one of inputs(body)) archive(String(one.id));
        return { status: 204 };
      case `POST ${CONTACTS}/merge`:
        return merged(body);
      case 'GET /account-info/v3/details':
        return { json: { portalId: handle().portalId, timeZone: 'Asia/Shanghai', accountType: 'STANDARD' } };
    }
    if (path.startsWith('/crm/v3/properties/contacts')) return properties(request);
    if (path.startsWith('/contacts/v1/secondary-email/')) return secondary(request);
    if (id !== '' && method === 'GET') return { json: shown(one(id, request.query), request.query) };
    if (id !== '' && method === 'PATCH') return patched(id, request);
    if (id !== '' && method === 'DELETE') {
      archive(id);
      return { status: 204 };
    }
    throw new Refused(404, 'OBJECT_NOT_FOUND', `Unable to infer object type from: ${path}`);
  }

  function list(query: URLSearchParams): CrmReply {
    const limit = Number(query.get('limit') ?? 10);
    const most = query.has('propertiesWithHistory') ? 50 : BATCH;
    if (!(limit >= 1 && limit <= most))
      throw new Refused(400, 'VALIDATION_ERROR', `limit is at most ${most}`);
    const rows = (query.get('archived') === 'true' ? store.archived() : store.live()).sort(
      (a, b) => Number(a.id) - Number(b.id),
    );
    // "The paging cursor token of the last successfully read resource."
    const rest = rows.filter(({ id }) => Number(id) > Number(query.get('after') ?? 0));
    const page = rest.slice(0, limit);
    return {
      json: {
        results: page.map((contact) => shown(contact, query)),
        ...(rest.length > page.length ? { paging: { next: { after: page.at(-1)?.id, link: '?' } } } : {}),
      },
    };
  }

  /** By the id, by the primary e-mail, or by a property with unique values. */
  function one(id: string, query: URLSearchParams): Contact {
    const by = query.get('idProperty');
    const contact = by === null ? store.find(id) : store.byUnique(uniqueName(by), id);
    const wanted = query.get('archived') === 'true';
    if (contact === undefined || (contact.archivedAtMs !== null) !== wanted)
      throw new Refused(404, 'OBJECT_NOT_FOUND', 'resource not found');
    return contact;
  }

  function uniqueName(name: string): string {
    if (name === 'email' || name === 'hs_object_id' || store.properties.get(name)?.hasUniqueValue === true)
      return name;
    throw new Refused(400, 'VALIDATION_ERROR', `${name} is not a unique property`);
  }

  function created(values: Readonly<Record<string, string>> = {}): Contact {
    if (!values.email && !values.firstname && !values.lastname)
      throw new Refused(400, 'VALIDATION_ERROR', 'give at least one of email, firstname and lastname');
    return store.insert(values, APP);
  }

  function patched(id: string, { body, query }: CrmRequest): CrmReply {
    const contact = one(id, query);
    const values = body.properties as Record<string, string>;
    store.edit(contact, values, APP);
    return {
      json: { ...shown(contact, null), properties: valuesOf(contact, [...Object.keys(values), ...ALWAYS]) },
    };
  }

  function archive(id: string): void {
    const contact = store.find(id);
    if (contact === undefined || contact.archivedAtMs !== null)
      throw new Refused(404, 'OBJECT_NOT_FOUND', 'resource not found');
    store.archive(contact);
  }

  function batchRead(body: Json): CrmReply {
    const by = body.idProperty === undefined ? null : uniqueName(String(body.idProperty));
    const asked = inputs(body).map(({ id }) => String(id));
    const found = asked.map((id) => {
      const contact =
        by === null ? store.find(id) : store.byUnique(by, by === 'email' ? id.toLowerCase() : id);
      return contact?.archivedAtMs === null ? contact : undefined;
    });
    const missing = asked.filter((_, at) => found[at] === undefined);
    const query = new URLSearchParams({ properties: ((body.properties ?? []) as string[]).join(',') });
    const results = [...new Set(found)].flatMap((one) => (one === undefined ? [] : [shown(one, query)]));
    const message =
      'Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.';
    const error = { status: 'error', category: 'OBJECT_NOT_FOUND', message, context: { ids: missing } };
    if (missing.length === 0) return { json: { ...done(), results } };
    return { status: 207, json: { ...done(), results, numErrors: 1, errors: [error] } };
  }

  function batchUpsert(body: Json): CrmReply {
    const results: unknown[] = [];
    for (const { id, idProperty, properties } of inputs(body)) {
      const by = uniqueName(String(idProperty));
      const values = { ...(properties as Record<string, string>), [by]: String(id) };
      const known = store.byUnique(by, String(id));
      try {
        if (known !== undefined) store.edit(known, values, APP);
        const contact = known ?? created(values);
        const names = [...Object.keys(values), ...ALWAYS];
        results.push({
          ...shown(contact, null),
          properties: valuesOf(contact, names),
          new: known === undefined,
        });
      } catch (thrown) {
        if (!(thrown instanceof Refused) || store.switches.batchErrors === 'whole') throw thrown;
        const { json } = errorReply(thrown);
        return { status: 207, json: { ...done(), results, numErrors: 1, errors: [json] } };
      }
    }
    return { json: { ...done(), results } };
  }

  function merged(body: Json): CrmReply {
    const [primary, other] = [body.primaryObjectId, body.objectIdToMerge].map((id) => store.find(String(id)));
    if (primary === undefined || other === undefined || primary === other)
      throw new Refused(400, 'VALIDATION_ERROR', 'the two cannot be merged');
    return { json: shown(store.merge(primary, other, APP), null) };
  }

  function properties({ method, path, body }: CrmRequest): CrmReply {
    if (method === 'POST') {
      const name = String(body.name);
      if (store.properties.has(name))
        throw new Refused(409, 'OBJECT_ALREADY_EXISTS', `${name} already exists`);
      const { label, type, fieldType, groupName, hasUniqueValue = false } = body;
      const options = ((body.options ?? []) as { value: string }[]).map(({ value }) => value);
      store.define(name, { label, type, fieldType, groupName, hasUniqueValue, options } as never);
    }
    const all = [...store.properties.values()].map(({ readOnly, options, ...rest }) => ({
      ...rest,
      description: '',
      options: options.map((value) => ({ label: value, value, displayOrder: -1, hidden: false })),
      calculated: readOnly && rest.name.includes('calculated'),
      modificationMetadata: { archivable: true, readOnlyDefinition: false, readOnlyValue: readOnly },
    }));
    const name = method === 'POST' ? String(body.name) : path.slice('/crm/v3/properties/contacts/'.length);
    if (name === '') return { json: { results: all } };
    const found = all.find((property) => property.name === name);
    if (found === undefined) throw new Refused(404, 'OBJECT_NOT_FOUND', 'no such property');
    return { status: method === 'POST' ? 201 : 200, json: found };
  }

  function secondary({ method, path }: CrmRequest): CrmReply {
    const [, vid = '', email = ''] =
      /^\/contacts\/v1\/secondary-email\/(\d+)(?:\/email\/(.+))?$/.exec(path) ?? [];
    const contact = one(vid, new URLSearchParams());
    if (method === 'PUT') store.addOther(contact, email, APP);
    else if (method === 'DELETE') store.removeOther(contact, email, APP);
    return {
      json: { portalId: handle().portalId, vid: Number(vid), secondaryEmails: store.others(contact) },
    };
  }

  function inputs(body: Json): readonly Json[] {
    const all = (body.inputs ?? []) as Json[];
    if (all.length > BATCH) throw new Refused(400, 'VALIDATION_ERROR', `inputs hold at most ${BATCH}`);
    return all;
  }

  function valuesOf(contact: Contact, names: readonly string[]): Record<string, string | null> {
    const known = names.filter((name) => store.properties.has(name));
    return Object.fromEntries(known.map((name) => [name, store.value(contact, name)]));
  }

  /** A property that is not defined is left out; one that is blank is null. */
  function shown(contact: Contact, query: URLSearchParams | null): Json {
    const asked = names(query, 'properties');
    const withHistory = names(query, 'propertiesWithHistory');
    const archivedSinceMs = store.archivedSinceMs(contact);
    const histories = withHistory.map(
      (name) => [name, (contact.versions.get(name) ?? []).toReversed()] as const,
    );
    return {
      id: contact.id,
      properties: valuesOf(
        contact,
        asked.length + withHistory.length === 0 ? DEFAULTS : [...asked, ...withHistory, ...ALWAYS],
      ),
      ...(withHistory.length === 0 ? {} : { propertiesWithHistory: Object.fromEntries(histories) }),
      createdAt: new Date(contact.createdAtMs).toISOString(),
      updatedAt: new Date(contact.updatedAtMs).toISOString(),
      archived: contact.archivedAtMs !== null || contact.mergedInto !== null,
      ...(archivedSinceMs === null ? {} : { archivedAt: new Date(archivedSinceMs).toISOString() }),
    };
  }

  function errorReply({ status, category, message, code }: Refused): CrmReply {
    corrections += 1;
    const errors = code === null ? {} : { errors: [{ message, code, context: {} }] };
    return {
      status,
      json: {
        status: 'error',
        message,
        correlationId: `a43683b0-5717-4ceb-80b4-${corrections}`,
        category,
        ...errors,
      },
    };
  }

  const withLimits = (reply: CrmReply): CrmReply => ({
    ...reply,
    headers: {
      'x-hubspot-ratelimit-daily': '250000',
      'x-hubspot-ratelimit-daily-remaining': String(handle().dailyLeft),
      'x-hubspot-ratelimit-interval-milliseconds': '10000',
      'x-hubspot-ratelimit-max': '100',
      'x-hubspot-ratelimit-remaining': '99',
      ...reply.headers,
    },
  });

  let server: HubspotCrm | null = null;
  const handle = (): HubspotCrm => {
    if (server === null) throw new Error('not started');
    return server;
  };
  const started = await startCrmServer({
    isWrite: ({ method, path }) => method !== 'GET' && !/\/(search|batch\/read)$/.test(path),
    answer,
    throttled: () => {
      const { name, retryAfter } = handle().policy;
      const message = `You have reached your ${name.toLowerCase()} limit.`;
      return {
        status: 429,
        json: { status: 'error', message, errorType: 'RATE_LIMIT', correlationId: 'c1', policyName: name },
        ...(retryAfter === null ? {} : { headers: { 'retry-after': retryAfter } }),
      };
    },
    // "423 Locked": nothing was done, and two seconds later it may be tried again.
    unavailable: () => errorReply(new Refused(423, 'LOCKED', 'the records are locked')),
  });
  server = Object.assign(started, {
    store,
    search,
    token: TOKEN,
    policy: { name: 'TEN_SECONDLY_ROLLING', retryAfter: '7' },
    dailyLeft: 249_000,
    portalId: 62_515,
    block: {
      adapter: 'hubspot',
      token: TOKEN,
      baseUrl: started.origin,
      externalId: 'udesk_id',
      properties: { name: 'firstname' },
      phones: ['mobilephone', 'phone'],
      overlapMs: 0,
      limits: { perTenSeconds: 100_000, searchesPerSecond: 10_000 },
    },
  });
  return server;
}

/** Both ways of giving a list: "a,b", and one parameter each. */
function names(query: URLSearchParams | null, key: string): string[] {
  return (query?.getAll(key) ?? []).flatMap((part) => part.split(',')).filter((name) => name !== '');
}

function done(): Json {
  const now = new Date().toISOString();
  return { status: 'COMPLETE', startedAt: now, completedAt: now };
}
