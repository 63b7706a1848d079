/** What `check` finds out about a tenant: how many customers, whether a sweep can be complete, whose clock is off. */
import type { CheckReport, Finding } from '../crm/adapter.ts';
import { isSyncError } from '../errors.ts';
import { sha256 } from '../lib/hash.ts';
import type { UdeskClient } from './client.ts';
import { LIST_CAP } from './enumerate.ts';

/** The five minutes of api.md §1.8 are the end; this is where a person should start to look. */
const SKEW_WARNING_MS = 60_000;

/** One call, and above the cap of the list one more for each shard. */
export async function checkUdesk(
  client: UdeskClient,
  shards: readonly string[],
  signal?: AbortSignal,
): Promise<CheckReport> {
  const { total } = await client.listCustomers({ page: 1, pageSize: 1 }, signal);
  const findings = total !== null && total >= LIST_CAP ? await checkCover(client, total, shards, signal) : [];
  const skewMs = client.clockSkewMs();
  if (skewMs !== null && Math.abs(skewMs) > SKEW_WARNING_MS) {
    const seconds = Math.round(skewMs / 1000);
    findings.push({
      level: 'warning',
      message: `the clock of this machine is off by about ${Math.abs(seconds)} s against Udesk`,
      advice: 'Set the clock (NTP): Udesk refuses more than 5 minutes.',
    });
  }
  return {
    findings,
    count: total,
    clockSkewMs: skewMs,
    fingerprint: fingerprintOf(client),
    account: `${client.origin} · ${client.email}`,
    fields: null,
  };
}

async function checkCover(
  client: UdeskClient,
  total: number,
  shards: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Finding[]> {
  if (shards.length === 0) {
    return [
      {
        level: 'warning',
        message: `Udesk holds ${total} customers and its list reaches ${LIST_CAP} of them: no sweep is complete`,
        advice: 'Configure udesk.shards with filters of fewer than 10,000 customers each.',
      },
    ];
  }
  const findings: Finding[] = [];
  let sum = 0;
  for (const filterId of shards) {
    const size = await shardSize(client, filterId, signal);
    if (size === null) {
      findings.push({
        level: 'problem',
        message: `Udesk does not know filter ${filterId} of udesk.shards`,
        advice: 'Use ids of customer filters that exist and are active.',
      });
    } else if (size >= LIST_CAP) {
      findings.push({
        level: 'warning',
        message: `filter ${filterId} of udesk.shards holds ${size} customers and the list reaches ${LIST_CAP} of them`,
        advice: 'Split it into filters of fewer than 10,000 customers each.',
      });
    }
    sum += size ?? 0;
  }
  // More is no proof: filters may overlap. Only a sweep knows.
  if (sum < total) {
    findings.push({
      level: 'warning',
      message: `the filters of udesk.shards hold ${sum} of ${total} customers: at least ${total - sum} are missing`,
      advice: 'Add filters until every customer is in at least one.',
    });
  }
  return findings;
}

/** Null: refused, and the whole list was not. */
async function shardSize(
  client: UdeskClient,
  filterId: string,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  try {
    return (await client.listCustomers({ page: 1, pageSize: 1, filterId }, signal)).total ?? 0;
  } catch (error) {
    if (isSyncError(error, 'contract')) return null;
    throw error;
  }
}

/** What is configured: the API names no tenant. */
export function fingerprintOf(client: Pick<UdeskClient, 'origin' | 'email'>): string {
  return sha256(`${client.origin} ${client.email}`);
}
