/** What the adapter learns of an account, and what `check` says of it: it reads, and writes nothing. */
import { sha256 } from '../../lib/hash.ts';
import type { CallOptions, CheckReport, Finding } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { isObject, textOf } from '../http/paths.ts';
import { isRefusal } from '../http/refusal.ts';
import type { HubspotApi } from './api.ts';
import { CONTACTS, type Reader, readContact, resultsOf } from './contacts.ts';
import { decode } from './decode.ts';
import type { Property } from './places.ts';

/** All properties of contacts. */
export async function readProperties(api: HubspotApi, options: CallOptions = {}): Promise<Property[]> {
  const answer = await api.run({
    method: 'GET',
    path: '/crm/v3/properties/contacts',
    write: false,
    signal: options.signal,
  });
  return resultsOf(answer).flatMap((raw): Property[] => {
    const name = isObject(raw) ? textOf(raw.name) : null;
    if (!isObject(raw) || name === null || raw.archived === true) return [];
    const rights = isObject(raw.modificationMetadata) ? raw.modificationMetadata : {};
    return [
      {
        name,
        type: textOf(raw.type) ?? '',
        fieldType: textOf(raw.fieldType) ?? '',
        readOnly: rights.readOnlyValue === true || raw.calculated === true,
        unique: raw.hasUniqueValue === true,
      },
    ];
  });
}

/** Of the address and the account. A token that may not ask for the account is told apart by the address alone. */
export async function fingerprint(reader: Reader, options: CallOptions = {}): Promise<string> {
  return printOf(reader, await accountOf(reader, options));
}

function printOf({ config }: Reader, account: string | null): string {
  return sha256(`${config.baseUrl.replace(/\/+$/, '')}\n${account ?? ''}`).slice(0, 32);
}

async function accountOf({ api }: Reader, options: CallOptions): Promise<string | null> {
  try {
    const answer = await api.run({
      method: 'GET',
      path: '/account-info/v3/details',
      write: false,
      signal: options.signal,
    });
    const id = isObject(answer.json) ? textOf(answer.json.portalId) : null;
    if (id === null) throw notUnderstood(answer.context, 'the answer holds no portalId');
    return id;
  } catch (error) {
    if (isRefusal(error, 'auth') && error.status === 403) return null;
    throw error;
  }
}

/** Words that README and `check` share; take them out when somebody has run it against an account. */
export const UNVERIFIED =
  'the hubspot adapter is not yet verified against the live service: it was built from the documentation, and tested against a server that speaks the documented contract';

/** Below this share of a day's calls `check` warns. */
const LOW_DAILY_SHARE = 0.2;

export async function checkAccount(reader: Reader, options: CallOptions = {}): Promise<CheckReport> {
  const { api } = reader;
  const findings: Finding[] = [
    {
      level: 'warning',
      message: UNVERIFIED,
      advice: 'Try it with a test account first, and keep firstRun: review.',
    },
  ];
  const account = await accountOf(reader, options);
  if (account === null)
    findings.push({
      level: 'warning',
      message: 'the token may not ask which account it belongs to, so that another account is not noticed',
      advice: 'Let the private app read the account details.',
    });
  const answer = await api.run({
    method: 'POST',
    path: `${CONTACTS}/search`,
    body: { filterGroups: [], properties: reader.properties, limit: 1 },
    write: false,
    signal: options.signal,
  });
  const count = isObject(answer.json) ? Number(textOf(answer.json.total) ?? Number.NaN) : Number.NaN;
  const [sample] = resultsOf(answer);
  if (sample !== undefined) findings.push(...(await sampleFindings(reader, sample, options)));
  const daily = api.daily();
  if (daily !== null && daily.left < daily.of * LOW_DAILY_SHARE)
    findings.push({
      level: 'warning',
      message: `${daily.left} of the ${daily.of} calls that the account has a day are left`,
      advice: 'Look in HubSpot which app uses them (Settings, Integrations, Private Apps, Logs).',
    });
  return {
    findings,
    count: Number.isInteger(count) ? count : null,
    clockSkewMs: api.clockSkewMs(),
    fingerprint: printOf(reader, account),
    ...(account === null ? {} : { account: `HubSpot ${account}` }),
    fields: reader.places.map(({ field }) => field),
  };
}

async function sampleFindings(reader: Reader, raw: unknown, options: CallOptions): Promise<Finding[]> {
  const decoded = decode(reader, raw);
  if (!decoded.ok)
    return [
      {
        level: 'problem',
        message: `a contact cannot be read: it ${decoded.dropped.reason}`,
        advice:
          'Look whether HubSpot still answers as documented, or something in between changes its answers.',
      },
    ];
  const single = await readContact(reader, decoded.contact.record.id, options);
  // The search may still show who is gone already.
  if (single === null) return [];
  return reader.places.flatMap(({ field }): Finding[] =>
    single.record.fields[field] === undefined
      ? [
          {
            level: 'warning',
            message: `a contact does not tell "${field}"`,
            advice: 'Let the private app read this property, or take the field out of `fields`.',
          },
        ]
      : [],
  );
}
