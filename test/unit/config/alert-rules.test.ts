/**
 * The alert rules, tried by Prometheus' own `promtool`: each of them fires at what it is about, with the words that a person
 * reads, and none of them at the same figures when all is well. Where promtool is not installed, that is said.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

const FILE = fileURLToPath(new URL('../../../config/prometheus-alerts.yaml', import.meta.url));
const PAIR = { pair: 'main' };
const SIDE = { ...PAIR, side: 'udesk' };

interface Rule {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Case {
  /** The figures, a value each minute: what they are when something is wrong, and when all is well. */
  readonly series: readonly (readonly [name: string, wrong: string, well: string])[];
  readonly labels: Readonly<Record<string, string>>;
  /** After so many minutes it has fired. */
  readonly after: number;
}

/** `1+0x90`: 1, ninety times more the same; `0+1x90`: one more each minute. */
const CASES: Readonly<Record<string, Case>> = {
  UdeskSyncDown: {
    series: [['up{job="udesk-sync"}', '0+0x90', '1+0x90']],
    labels: { job: 'udesk-sync' },
    after: 6,
  },
  UdeskSyncDatabaseDown: { series: [['udesk_sync_database_up', '0+0x90', '1+0x90']], labels: {}, after: 6 },
  UdeskSyncStalled: {
    series: [['udesk_sync_last_good_cycle_age_seconds{pair="main"}', '901+60x90', '12+0x90']],
    labels: PAIR,
    after: 6,
  },
  UdeskSyncCyclesFail: {
    series: [['udesk_sync_cycles_total{pair="main",outcome="failed"}', '0+1x90', '7+0x90']],
    labels: PAIR,
    after: 15,
  },
  UdeskSyncSweepOld: {
    series: [
      ['udesk_sync_certified_age_seconds{pair="main",side="udesk"}', '86401+60x90', '600+0x90'],
      ['udesk_sync_uncertified{pair="main",side="udesk"}', '0+0x90', '0+0x90'],
    ],
    labels: SIDE,
    after: 61,
  },
  UdeskSyncPartial: {
    series: [
      ['udesk_sync_certified_age_seconds{pair="main",side="udesk"}', '86401+60x90', '600+0x90'],
      ['udesk_sync_uncertified{pair="main",side="udesk"}', '1+0x90', '0+0x90'],
    ],
    labels: SIDE,
    after: 61,
  },
  UdeskSyncLag: {
    series: [
      ['udesk_sync_lag_seconds{pair="main",side="udesk",quantile="0.95"}', '5+0x90', '5+0x90'],
      ['udesk_sync_outbox_oldest_seconds{pair="main",side="udesk"}', '1801+60x90', '9+0x90'],
    ],
    labels: SIDE,
    after: 16,
  },
  UdeskSyncAuth: {
    series: [['udesk_sync_udesk_calls_total{pair="main",outcome="auth"}', '0+1x90', '3+0x90']],
    labels: { ...PAIR, side: 'Udesk' },
    after: 10,
  },
  UdeskSyncQuotaRefused: {
    series: [['udesk_sync_quota_refused_total{pair="main",side="udesk"}', '0+1x90', '4+0x90']],
    labels: SIDE,
    after: 15,
  },
  UdeskSyncDeadLetters: {
    series: [['udesk_sync_dead_letters{pair="main"}', '1+0x90', '0+0x90']],
    labels: PAIR,
    after: 11,
  },
  UdeskSyncBreakerOpen: {
    series: [['udesk_sync_breakers_open{pair="main",side="udesk"}', '1+0x90', '0+0x90']],
    labels: SIDE,
    after: 31,
  },
  UdeskSyncFreshness: {
    series: [['udesk_sync_freshness_bound_seconds{pair="main"}', '86401+0x90', '900+0x90']],
    labels: PAIR,
    after: 61,
  },
  UdeskSyncHistoryHeld: {
    series: [['udesk_sync_history_held_months{kind="observation"}', '2+0x90', '0+0x90']],
    labels: { kind: 'observation' },
    after: 61,
  },
  UdeskSyncGuard: {
    series: [
      ['udesk_sync_guards_waiting{pair="main"}', '0+0x90', '0+0x90'],
      ['udesk_sync_accounts_changed{pair="main"}', '1+0x90', '0+0x90'],
    ],
    labels: PAIR,
    after: 11,
  },
  UdeskSyncUnknownWrites: {
    series: [['udesk_sync_outbox{pair="main",state="unknown"}', '1+0x90', '0+0x90']],
    labels: PAIR,
    after: 31,
  },
  UdeskSyncParkedGrows: {
    series: [['udesk_sync_parked{pair="main"}', '0+1x90', '40+0x90']],
    labels: PAIR,
    after: 60,
  },
};

const { groups } = parse(readFileSync(FILE, 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
/** Two daemons tell the same figure of the database: one alarm. */
const REPLICAS = ['a:8420', 'b:8420'];

function told(name: string, values: string) {
  if (name.startsWith('up{') || name === 'udesk_sync_database_up') return [{ series: name, values }];
  return REPLICAS.map((instance) => ({ series: name.replace('{', `{instance="${instance}",`), values }));
}

function testOf(
  { alert, labels, annotations }: Rule,
  { series, labels: named, after }: Case,
  isWrong: boolean,
) {
  const words = Object.fromEntries(
    Object.entries(annotations).map(([key, text]) => [
      key,
      text.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => named[name] ?? ''),
    ]),
  );
  const fired = [{ exp_labels: { ...labels, ...named }, exp_annotations: words }];
  return {
    name: `${alert}, ${isWrong ? 'something is wrong' : 'all is well'}`,
    interval: '1m',
    input_series: series.flatMap(([name, wrong, well]) => told(name, isWrong ? wrong : well)),
    alert_rule_test: [{ alertname: alert, eval_time: `${after}m`, exp_alerts: isWrong ? fired : [] }],
  };
}

test('each rule fires at what it is about, once for all replicas, and at nothing when all is well', (context) => {
  expect(Object.keys(CASES).sort()).toEqual(rules.map(({ alert }) => alert).sort());
  const there = spawnSync('promtool', ['--version']);
  context.skip(there.error !== undefined, 'promtool is not installed (Debian: prometheus)');
  const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-rules-'));
  try {
    const tests = rules.flatMap((rule) => {
      const one = CASES[rule.alert];
      return one === undefined ? [] : [testOf(rule, one, true), testOf(rule, one, false)];
    });
    const file = join(folder, 'tests.yaml');
    writeFileSync(file, stringify({ rule_files: [FILE], evaluation_interval: '1m', tests }));
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    expect({ status, said: `${stdout}${stderr}` }).toMatchObject({
      status: 0,
      said: expect.stringContaining('SUCCESS'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
