/** What `check` says of an org: it asks, and writes nothing. Every finding says where in Setup it is mended. */

import { sha256 } from '../../lib/hash.ts';
import type { CallOptions, CheckReport, Finding } from '../adapter.ts';
import { textOf } from '../http/paths.ts';
import { decode } from './decode.ts';
import { countRecords, queryBatches, type Reader } from './query.ts';
import { rowsOrNull, seesAllRecords } from './rights.ts';
import { grantAdvice, selectList } from './shape.ts';
import { literal, queryText } from './soql.ts';

export const NOT_VERIFIED =
  'not yet verified against the live service: written from the documentation of Salesforce and tested against a server of our own';

export async function checkOrg(reader: Reader, options: CallOptions = {}): Promise<CheckReport> {
  const { api, config, shape } = reader;
  const { total } = await countRecords(reader, options);
  const session = await api.session();
  const usage = api.usage();
  const findings: Finding[] = [
    {
      level: 'warning',
      message: NOT_VERIFIED,
      advice: 'Begin with a sandbox, `udesk-sync plan` and a backup.',
    },
    {
      level: 'info',
      message: `org ${session.orgId}, ${shape.object.name}, API ${config.apiVersion}, as user ${session.userId}`,
    },
    ...externalIdFindings(reader),
    ...accessFindings(reader),
    ...requiredFindings(reader),
    ...(await sampleFindings(reader, options)),
    ...(await sharingFindings(reader, options)),
    ...(await historyFindings(reader, options)),
  ];
  if (usage !== null) {
    const full = usage.used >= usage.limit * config.limits.dailyShare;
    const message = `${usage.used} of ${usage.limit} API calls of 24 hours are used`;
    const advice = 'Beyond crm.limits.dailyShare nothing is asked until the count falls.';
    findings.push(full ? { level: 'warning', message, advice } : { level: 'info', message });
  }
  return {
    findings,
    count: total,
    clockSkewMs: api.clockSkewMs(),
    fingerprint: await fingerprint(reader),
    account: `Salesforce ${session.orgId} · ${shape.object.name}`,
    fields: shape.places.map(({ field }) => field),
  };
}

/** Of org and object. Costs no call: a session is of one org for as long as it lasts. */
export async function fingerprint({ api, shape }: Pick<Reader, 'api' | 'shape'>): Promise<string> {
  const { orgId } = await api.session();
  return sha256(`salesforce/${orgId.slice(0, 15)}/${shape.object.name}`).slice(0, 32);
}

function externalIdFindings({ shape }: Reader): Finding[] {
  const { externalId, object } = shape;
  const where = `Setup, Object Manager, ${object.name}, Fields & Relationships`;
  if (externalId === null)
    return [
      {
        level: 'warning',
        message:
          'no field keeps the Udesk id: a create whose answer was lost is found by e-mail or phone only',
        advice: `In ${where}, make a Text field with "External ID" and "Unique" (case sensitive), and name it under crm.externalId.`,
      },
    ];
  if (externalId.unique) return [];
  return [
    {
      level: 'warning',
      message: `${externalId.name} is not unique: two records may carry one Udesk id`,
      advice: `In ${where}, tick "Unique" (case sensitive) of this field.`,
    },
  ];
}

function accessFindings({ shape }: Reader): Finding[] {
  const { object, places } = shape;
  const sources = places.flatMap((place) => place.sources);
  const locked = sources.filter((one) => !one.calculated && !(one.updateable && one.createable));
  const computed = sources.filter((one) => one.calculated).map(({ name }) => name);
  const findings: Finding[] = [];
  if (locked.length > 0) {
    const names = locked.map(({ name }) => name);
    findings.push({
      level: 'warning',
      message: `the user may not write ${names.join(', ')}`,
      advice: `To let edits flow to Salesforce: ${grantAdvice(object, names)}.`,
    });
  }
  if (computed.length > 0)
    findings.push({
      level: 'warning',
      message: `${computed.join(', ')} is computed by Salesforce and cannot be written`,
      advice: 'Map it with direction: to-udesk.',
    });
  if (!object.createable || !object.updateable)
    findings.push({
      level: 'warning',
      message: `the user may not ${object.createable ? 'edit' : 'create'} records of ${object.name}`,
      advice: `In Setup, Permission Sets, Object Settings, ${object.name}, tick Create and Edit.`,
    });
  return findings;
}

function requiredFindings({ config, shape }: Reader): Finding[] {
  const given = new Set([
    ...Object.keys(config.onCreate),
    ...shape.places.flatMap(({ sources }) => sources.map(({ name }) => name)),
  ]);
  const missing = [...shape.object.fields.values()]
    .filter((one) => !one.nillable && !one.defaultedOnCreate && one.createable && !given.has(one.name))
    .map(({ name }) => name);
  if (missing.length === 0) return [];
  return [
    {
      level: 'warning',
      message: `a new ${shape.object.name} needs ${missing.join(', ')}, and nothing gives it: every create will be refused`,
      advice: 'Map it, give it a value under crm.onCreate, or set create.inCrm: false.',
    },
  ];
}

async function sampleFindings(reader: Reader, options: CallOptions): Promise<Finding[]> {
  const { shape } = reader;
  const soql = queryText({ select: selectList(shape), from: shape.object.name, limit: 1 });
  for await (const { rows } of queryBatches(reader, soql, options)) {
    for (const row of rows) {
      const decoded = decode(shape, row);
      if (decoded.kind !== 'dropped') continue;
      const { reason, sample } = decoded.dropped;
      return [
        {
          level: 'problem',
          message: `a record cannot be read: ${reason}`,
          advice: `It looks like this: ${sample}`,
        },
      ];
    }
  }
  return [];
}

/** Who does not see every record takes one that is no longer shared for one that is gone. */
async function sharingFindings(reader: Reader, options: CallOptions): Promise<Finding[]> {
  const { name } = reader.shape.object;
  const seesAll = await seesAllRecords(reader, options);
  if (seesAll === true) return [];
  const unknown =
    seesAll === null ? 'it could not be found out whether the user sees' : 'the user does not see';
  return [
    {
      level: 'warning',
      message: `${unknown} all records of ${name}: one that is not there any more may only be no longer shared, and never counts as deleted; only the Recycle Bin tells`,
      advice: `In Setup, Permission Sets, (the set of the integration), Object Settings, ${name}, tick View All Records.`,
    },
  ];
}

async function historyFindings(reader: Reader, options: CallOptions): Promise<Finding[]> {
  const { config, shape } = reader;
  const { name } = shape.object;
  const where = `In Setup, Object Manager, ${name}, Fields & Relationships, Set History Tracking`;
  if (!config.history)
    return [
      {
        level: 'info',
        message:
          'crm.history is off: an edit in the moment between our look and our write would be lost unseen where Salesforce does not refuse the write',
        advice: `${where}, tick the mapped fields, and set crm.history: true.`,
      },
    ];
  const soql = `SELECT QualifiedApiName, IsFieldHistoryTracked FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = ${literal(name)}`;
  const rows = await rowsOrNull(reader, soql, options);
  if (rows === null) return [];
  const tracked = new Set(
    rows.filter((row) => row.IsFieldHistoryTracked === true).map((row) => textOf(row.QualifiedApiName)),
  );
  const missing = shape.places
    .flatMap(({ sources }) => sources)
    .filter((one) => !one.calculated && !tracked.has(one.name))
    .map((one) => one.name);
  if (missing.length === 0) return [];
  return [
    {
      level: 'warning',
      message: `crm.history is on, and the history of ${missing.join(', ')} is not tracked: what a write replaced there is not known`,
      advice: `${where}, tick them (20 fields at most), or set crm.history: false.`,
    },
  ];
}
