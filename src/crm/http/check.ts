/** What `check` says of an API: it reads one page and one record, and writes nothing. */
import { sha256 } from '../../lib/hash.ts';
import type { CallOptions, CheckReport, Finding } from '../adapter.ts';
import { decode } from './decode.ts';
import { firstPage, type Reader } from './pages.ts';
import { textOf, valueAt } from './paths.ts';
import { fetchRecord } from './records.ts';
import { notUnderstood } from './refusal.ts';
import { keepsPlace } from './walk.ts';

export async function checkApi(reader: Reader, options: CallOptions = {}): Promise<CheckReport> {
  const { config, places } = reader;
  const findings: Finding[] = [];
  const page = await firstPage(reader, options);
  const decoded = page.rows.map((row) => decode(reader, row));
  const bad = decoded.find((one) => one.kind === 'dropped');
  if (bad?.kind === 'dropped')
    findings.push({
      level: 'problem',
      message: `a record of the list cannot be read: ${bad.dropped.reason}`,
      advice: `It looks like this: ${bad.dropped.sample}`,
    });
  const [sample] = decoded.flatMap((one) => (one.kind === 'live' ? [one.record] : []));
  if (sample !== undefined) {
    const single = await fetchRecord(reader, sample.id, options);
    if (single === null)
      findings.push({
        level: 'problem',
        message: 'a record of the list is not there when it is read on its own',
        advice: 'Check crm.get.path and crm.id.',
      });
    for (const { field } of places) {
      if (sample.fields[field] !== undefined && single?.record.fields[field] !== undefined) continue;
      findings.push({
        level: 'warning',
        message: `the first record does not tell "${field}"`,
        advice:
          'Check its path under crm.fields; where the API leaves out what is empty, set crm.omitsEmpty: true.',
      });
    }
    if (config.version?.ifMatch === true && single !== null && single.etag === null)
      findings.push({
        level: 'problem',
        message: `crm.version.ifMatch is set, and the answer of crm.get has no header "${config.get.etag}"`,
        advice: 'Take it out, or name the header under crm.get.etag.',
      });
  }
  if (page.total === null && !keepsPlace(reader))
    findings.push({
      level: 'warning',
      message:
        'the API does not say how many records there are, so that a list is never known to be complete: no deletion in the CRM is ever concluded from it',
      advice: 'Give crm.list.total where the API tells it.',
    });
  const scans = (['email', 'phone', 'externalId'] as const).filter((kind) => config.find[kind] === 'scan');
  if (scans.length > 0)
    findings.push({
      level: 'warning',
      message: `each look for a record by ${scans.join(', ')} reads the whole list`,
      advice: 'Give the search request of the API under crm.find.',
    });
  return {
    findings,
    count: page.total,
    clockSkewMs: reader.api.clockSkewMs(),
    ...(await identity(reader, options)),
    fields: null,
  };
}

export async function fingerprint(reader: Reader, options: CallOptions = {}): Promise<string> {
  return (await identity(reader, options)).fingerprint;
}

/** Of the address, and of the account where the config says how to ask for it. */
async function identity(
  reader: Reader,
  options: CallOptions,
): Promise<Pick<CheckReport, 'fingerprint' | 'account'>> {
  const { account, baseUrl, list } = reader.config;
  const place = `${baseUrl.replace(/\/+$/, '')}${list.path}`;
  if (account === undefined)
    return { fingerprint: sha256(place).slice(0, 32), account: place.split('?', 1)[0] ?? place };
  const answer = await reader.api.run({
    method: 'GET',
    path: account.path,
    write: false,
    signal: options.signal,
  });
  const id = textOf(valueAt(answer.json, account.id));
  if (id === null || id === '')
    throw notUnderstood(answer.context, `the answer holds no account at "${account.id}"`);
  return {
    fingerprint: sha256(`${place}\n${id}`).slice(0, 32),
    account: `${place.split('?', 1)[0]} · ${id}`,
  };
}
