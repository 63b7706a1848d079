/** A week as a tenant of some size might have had it; the same on every run. */
import { CONFLICT_KINDS } from '../../../src/core/link.ts';
import type { Policy } from '../../../src/core/spec.ts';
import type { ConflictDocument } from '../../../src/report/conflict-document.ts';
import type { ReportInput } from '../../../src/report/sync/document.ts';
import type { ConflictFact } from '../../../src/store/report-conflicts.ts';

export const EVIL_HTML = '<script>alert(1)</script>';
export const EVIL_FORMULA = '=HYPERLINK("http://x")';

const HOUR_MS = 3_600_000;
export const UNTIL = new Date('2026-11-25T13:30:00.000Z');
export const SINCE = new Date(UNTIL.getTime() - 7 * 24 * HOUR_MS);
const FIELDS = ['nick_name', 'nick_name', 'level', 'cellphones', 'description', '*', 'custom.TextField_2'];
const PEOPLE = ['王芳', '李雷', 'Tom'];

/** In Shanghai: UTC+8 the whole year. */
export function shanghaiDay(iso: string): string {
  return new Date(Date.parse(iso) + 8 * HOUR_MS).toISOString().slice(0, 10);
}

export function fact(over: Partial<ConflictFact> & { readonly openedAt: string }): ConflictFact {
  const closedAt = over.closedAt ?? null;
  return {
    id: '1',
    pair: 'main',
    field: 'nick_name',
    kind: 'edit/edit',
    state: closedAt === null ? 'open' : 'resolved',
    openedDay: shanghaiDay(over.openedAt),
    closedAt,
    closedDay: closedAt === null ? null : shanghaiDay(closedAt),
    decidedBy: null,
    decision: null,
    crmAuthor: null,
    ...over,
  };
}

function facts(): ConflictFact[] {
  return Array.from({ length: 64 }, (_, n) => {
    const opened = SINCE.getTime() + ((n * 37) % 190) * HOUR_MS - 22 * HOUR_MS;
    const closes = n % 3 !== 0;
    const closed = Math.min(opened + ((n % 7) + 0.4) * 9 * HOUR_MS, UNTIL.getTime());
    return fact({
      id: String(100 + n),
      field: FIELDS[n % FIELDS.length] ?? '*',
      kind: CONFLICT_KINDS[n % CONFLICT_KINDS.length] ?? 'edit/edit',
      openedAt: new Date(opened).toISOString(),
      closedAt:
        closes && closed >= SINCE.getTime() && opened < closed ? new Date(closed).toISOString() : null,
      decidedBy: n % 4 === 0 ? null : n % 4 === 1 ? 'policy' : (PEOPLE[n % 3] ?? null),
      decision: n % 4 > 1 ? 'udesk' : null,
      crmAuthor: n % 3 === 0 ? (PEOPLE[n % 2] ?? null) : null,
    });
  }).filter(({ openedAt }) => Date.parse(openedAt) < UNTIL.getTime());
}

export function conflict(over: Partial<ConflictDocument> = {}): ConflictDocument {
  return {
    id: '1',
    pair: 'main',
    linkId: '3',
    udeskId: '100231',
    crmId: '5',
    field: 'nick_name',
    state: 'open',
    kind: 'edit/edit',
    base: '张伟',
    baseCrm: '张伟',
    udesk: '张伟（华东）',
    crm: '张伟 总经理',
    udeskAt: null,
    crmAt: null,
    reason: 'both edited',
    resolvedBy: null,
    openedAt: '2026-11-20T03:04:05.678Z',
    closedAt: null,
    authors: { udesk: null, crm: null },
    ...over,
  };
}

const OPEN: readonly ConflictDocument[] = [
  conflict({
    id: '101',
    authors: { udesk: { name: '王芳', at: '2026-11-20T03:00:00Z', knownBy: 'history' }, crm: null },
  }),
  conflict({ id: '104', udeskId: '100777', crmId: '812', base: 'Ann', udesk: EVIL_HTML, crm: EVIL_FORMULA }),
  conflict({
    id: '107',
    field: 'cellphones',
    kind: 'element',
    base: [{ id: null, value: '13800138000' }],
    udesk: [
      { id: '1', value: '13800138001' },
      { id: '2', value: '021-5888 8888' },
    ],
    crm: [{ id: null, value: '+8613800138009' }],
    openedAt: '2026-11-24T22:10:00.000Z',
  }),
  conflict({
    id: '110',
    field: '*',
    kind: 'edit/delete',
    base: null,
    udesk: null,
    crm: [{ id: 'nick_name', value: '上海某某贸易有限公司' }],
    openedAt: '2026-11-25T08:10:00.000Z',
  }),
  conflict({
    id: '112',
    field: 'description',
    kind: 'first-link',
    base: null,
    udesk: `A long note about the customer. ${'It goes on and on. '.repeat(30)}`,
    crm: '',
    state: 'resolving',
    openedAt: '2026-11-25T13:10:00.000Z',
  }),
];

export function reportInput(over: Partial<ReportInput> = {}): ReportInput {
  const all = facts();
  const lagDay = (day: string, p50Ms: number, p95Ms: number, maxMs: number, writes: number) => ({
    day,
    p50Ms,
    p95Ms,
    maxMs,
    writes,
  });
  return {
    since: SINCE,
    until: UNTIL,
    timezone: 'Asia/Shanghai',
    pairs: ['main'],
    facts: all,
    authors: new Map(all.filter((_, n) => n % 2 === 0).map(({ id }, n) => [id, PEOPLE[n % 3] ?? ''])),
    policies: new Map<string, Policy>([
      ['main/nick_name', 'hold'],
      ['main/level', 'udesk'],
      ['main/cellphones', 'union'],
      ['main/description', 'longest'],
    ]),
    open: OPEN,
    lag: [
      {
        pair: 'main',
        target: 'crm',
        cause: 'edit',
        writes: 1_204,
        p50Ms: 2_300,
        p95Ms: 41_000,
        maxMs: 910_000,
      },
      {
        pair: 'main',
        target: 'udesk',
        cause: 'edit',
        writes: 388,
        p50Ms: 4_800,
        p95Ms: 96_000,
        maxMs: 5_400_000,
      },
      {
        pair: 'main',
        target: 'crm',
        cause: 'decision',
        writes: 21,
        p50Ms: 12_000,
        p95Ms: 30_000,
        maxMs: 31_000,
      },
      { pair: 'main', target: 'crm', cause: null, writes: 2, p50Ms: null, p95Ms: null, maxMs: null },
    ],
    lagDays: [
      lagDay('2026-11-18', 1_900, 14_000, 60_000, 120),
      lagDay('2026-11-19', 2_500, 55_000, 910_000, 240),
      lagDay('2026-11-20', 2_200, 38_000, 80_000, 233),
      lagDay('2026-11-23', 9_500, 1_450_000, 5_400_000, 410),
      lagDay('2026-11-24', 2_900, 60_000, 300_000, 380),
      lagDay('2026-11-25', 700, 22_000, 90_000, 209),
    ],
    coverage: [
      {
        pair: 'main',
        side: 'udesk',
        certifiedAt: '2026-11-25T13:20:11.000Z',
        uncertified: null,
        live: 8_412,
        linked: 8_390,
        total: 8_412,
      },
      {
        pair: 'main',
        side: 'crm',
        certifiedAt: '2026-11-24T12:17:00.000Z',
        uncertified: 'the last page was refused',
        live: 8_405,
        linked: 8_390,
        total: null,
      },
    ],
    parked: [
      { pair: 'main', side: 'udesk', kind: 'rejected', message: '邮箱已存在', records: 5, now: 3 },
      {
        pair: 'main',
        side: 'crm',
        kind: 'rejected',
        message: `value too long for ${EVIL_HTML}`,
        records: 1,
        now: 1,
      },
    ],
    parkedNow: 4,
    fields: [
      { pair: 'main', side: 'udesk', field: 'nick_name', edits: 412, written: 88 },
      { pair: 'main', side: 'crm', field: 'industry', edits: 301, written: 12 },
      { pair: 'main', side: 'udesk', field: 'cellphones', edits: 120, written: 64 },
      { pair: 'main', side: 'udesk', field: 'custom.TextField_2', edits: 31, written: 0 },
    ],
    records: [
      { pair: 'main', side: 'udesk', recordId: '100231', edits: 48 },
      { pair: 'main', side: 'crm', recordId: '5', edits: 17 },
      { pair: 'main', side: 'udesk', recordId: '100777', edits: 9 },
    ],
    runs: [
      {
        pair: 'main',
        cycles: 38_211,
        done: 38_190,
        waiting: 12,
        failed: 7,
        abandoned: 1,
        unfinished: 1,
        udeskWrites: 402,
        crmWrites: 1_233,
        p50Ms: 210,
        p95Ms: 5_800,
        maxMs: 61_000,
      },
    ],
    failures: [
      {
        pair: 'main',
        error: 'Udesk did not answer within 30 s',
        times: 5,
        lastAt: '2026-11-23T02:11:00.000Z',
      },
      { pair: 'main', error: '', times: 2, lastAt: '2026-11-19T20:00:00.000Z' },
    ],
    quota: [{ pair: 'main', used: 41, perMinute: 60, scope: 'tenant' }],
    ...over,
  };
}
