/**
 * The shape of the configuration file (docs: interface of the project, "Configuration"). Every object is strict: an unknown
 * key is an error. Rules that look at two places at once are in cross-check.ts; what a person reads about a
 * failure is composed in problems.ts.
 */

import { getCountries } from 'libphonenumber-js';
import { validate as isCron } from 'node-cron';
import { z } from 'zod';
import type { LensSpec } from '../core/mapping/lens.ts';
import { REPORT_EVERY } from '../core/report-period.ts';
import { isRuleName } from '../core/review-rule.ts';
import { POLICIES } from '../core/spec.ts';
import { PASSWORD_HASH } from '../lib/password.ts';
import { didYouMean } from '../lib/suggest.ts';
import { isTimeZone } from '../lib/zoned-time.ts';
import { fieldNames, lensesOf, ruleKeys, ruleProblems } from './field-rules.ts';

/** Field names of a Udesk customer that may stand under `fields`; `custom.<FieldName>` comes on top. */
export const UDESK_FIELDS = [
  'nick_name',
  'email',
  'emails',
  'cellphones',
  'description',
  'level',
  'is_blocked',
  'tags',
  'owner',
  'owner_group',
  'organization',
  'token',
] as const;

/** Fields that hold the id of an agent, a group or an organization; they travel by e-mail or name. */
export const REFERENCE_FIELDS: readonly string[] = ['owner', 'owner_group', 'organization'];

/** The Udesk fields that hold more than one value; custom selections come on top. */
export const UDESK_SET_FIELDS: readonly string[] = ['emails', 'cellphones', 'tags'];

/** A selection is an array of option indexes on the wire, even where only one may be chosen (api.md §3.6). */
export function isUdeskSet(field: string): boolean {
  return UDESK_SET_FIELDS.includes(field) || field.startsWith('custom.SelectField_');
}

const text = z.string().min(1);
const share = z.number().min(0).max(1);
const count = z.int().min(0);
/** A YAML number where a name or id is meant: its own digits are kept by the loader. */
const name = z.union([z.string(), z.number(), z.boolean()]).transform(String).pipe(z.string().min(1));

const postgresUrl = text.refine((value) => /^postgres(ql)?:\/\//.test(value), {
  message: 'must be a Postgres address: postgres://user:password@host:5432/database',
});

const webUrl = text.refine(isWebUrl, {
  message: 'must be a whole address that starts with https:// or http://',
});

/** Scheme, host and port only: the path belongs to the client, and shards have hosts of their own. */
const origin = text
  .refine((value) => isWebUrl(value) && isOrigin(value), {
    message: 'must be the origin of the tenant and nothing more, such as https://demo.udesk.cn',
  })
  .transform((value) => new URL(value).origin);

const cron = text.refine((value) => isCron(value), {
  message:
    "is not a cron expression; five or six fields are expected, such as '*/10 * * * *' (every ten minutes)",
});

const udeskField = text.superRefine((value, context) => {
  if ((UDESK_FIELDS as readonly string[]).includes(value) || /^custom\.\S+$/.test(value)) return;
  context.addIssue({
    code: 'custom',
    message: `"${value}" is not a field of a Udesk customer.${didYouMean(value, UDESK_FIELDS)} Allowed: ${UDESK_FIELDS.join(', ')}, custom.<FieldName>`,
  });
});

const valueMap = z.record(z.string(), z.union([name, z.array(name).min(1)]));

export const fieldSchema = z
  .strictObject({
    udesk: udeskField
      .optional()
      .describe(
        'Field of the Udesk customer; custom fields as custom.<FieldName>. Left out where a constant is written to the CRM',
      ),
    crm: z
      .union([text, z.array(text).min(2)])
      .optional()
      .describe(
        'Field of the CRM record, or several that are joined. Left out where a constant is written to Udesk',
      ),
    direction: z.enum(['both', 'to-crm', 'to-udesk']).default('both'),
    policy: z.enum(POLICIES).default('hold').describe('Who wins when both sides changed the field'),
    onBlocked: z
      .enum(['hold', 'revert', 'ignore'])
      .default('hold')
      .describe('What happens to an edit that the direction does not carry'),
    compare: z
      .enum(['text', 'exact', 'email', 'phone', 'boolean', 'number'])
      .optional()
      .describe('When two values count as equal; left out: by the kind of the Udesk field'),
    map: valueMap
      .optional()
      .describe(
        'Udesk value: CRM value, one-to-one; or a list of CRM values that mean the same, the first of which is written',
      ),
    as: z
      .enum(['name', 'id'])
      .optional()
      .describe(
        "How owner (the agent's e-mail), owner_group and organization (their names) travel. Left out: by name; by id with a map, which holds ids",
      ),
    ...ruleKeys,
  })
  .superRefine((field, context) => {
    const parts = { ...field, isSet: isUdeskSet(field.udesk ?? ''), named: isNamed(field) };
    for (const { path, message } of ruleProblems(parts, field)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  })
  .transform((field) => {
    const { direction, policy, onBlocked, compare, map, as, constant, phone, email } = field;
    const parts = { ...field, isSet: false, named: false };
    const lenses = lensesOf(parts, field);
    // What is declared is no edit of anybody's: it is written where it differs, and an edit of it is taken back.
    const declared = {
      direction: field.udesk === undefined ? 'to-crm' : 'to-udesk',
      policy: field.udesk === undefined ? 'udesk' : 'crm',
      onBlocked: 'revert',
    } as const;
    const equal = compare ?? (phone !== undefined ? 'phone' : email !== undefined ? 'email' : undefined);
    return {
      ...fieldNames({ ...parts, constant }),
      ...(constant === undefined ? { direction, policy, onBlocked } : declared),
      compare: equal,
      map:
        map === undefined
          ? undefined
          : Object.entries(map).flatMap(([udesk, crm]) => [crm].flat().map((one) => [udesk, one] as const)),
      as,
      lenses,
      /** The fields of the CRM that it is made of. */
      uses: field.crm === undefined ? [] : [field.crm].flat(),
    };
  });

const udeskSchema = z.strictObject({
  baseUrl: origin.describe('Whole origin of the tenant; shards such as https://demo.s2.udesk.cn exist'),
  email: text
    .refine((value) => /^[^\s@]+@[^\s@]+$/.test(value), { message: 'must be an e-mail address' })
    .describe('E-mail of the administrator that the token belongs to'),
  token: text.optional().describe('Open API token; exactly one of token and password'),
  password: text
    .optional()
    .describe('Password of the administrator, to log in; exactly one of token and password'),
  sign: z.enum(['sha256', 'sha1-v2', 'sha1']).default('sha256'),
  quota: z
    .strictObject({
      perMinute: z.int().min(1).default(60),
      scope: z.enum(['tenant', 'endpoint']).default('tenant'),
    })
    .prefault({}),
  shards: z.array(name).default([]).describe('Filter ids, for tenants above 10,000 customers'),
  webhook: z.strictObject({ secret: text.min(16) }).optional(),
});

/** Of every `crm` block, beside the keys of its adapter. */
export const sandbox = z
  .boolean()
  .describe('the account holds nobody real: `probe` may create, edit and delete people in it');

/** Each adapter validates the rest of its block with a schema of its own. */
const crmSchema = z.looseObject({ adapter: text, sandbox: sandbox.optional() });

const matchSchema = z.strictObject({
  by: z
    .array(z.enum(['token', 'email', 'cellphone']))
    .min(1)
    .refine((keys) => new Set(keys).size === keys.length, { message: 'names a key twice' })
    .default(['token', 'email', 'cellphone']),
  defaultRegion: z
    .string()
    .refine((value) => (getCountries() as string[]).includes(value), {
      message: 'must be a country as two capital letters (ISO 3166), such as CN',
    })
    .default('CN')
    .describe('How phone numbers without a country code are read'),
  stopAfter: z.int().min(1).default(5).describe('A key held by more records than this links nothing'),
});

const guardsSchema = z.strictObject({
  deletes: z.strictObject({ max: count.default(20), share: share.default(0.02) }).prefault({}),
  updates: z.strictObject({ share: share.default(0.3) }).prefault({}),
  creates: z.strictObject({ perHour: count.default(500) }).prefault({}),
});

const scheduleSchema = z.strictObject({
  head: cron.default('*/15 * * * * *').describe('Newest customers of Udesk'),
  sweep: cron.default('*/10 * * * *').describe('All customers of Udesk'),
  pages: cron
    .default('* * * * *')
    .describe('Single pages of the list where edits are likely, for about a minute from then on'),
  crm: cron.default('*/30 * * * * *').describe('What changed in the CRM'),
  feeds: cron.default('*/5 * * * *').describe('Activity feeds of Udesk'),
  audit: cron.default('17 * * * *').describe('20 links drawn by chance, both records read on their own'),
});

export const pairSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
      message: 'must be lower-case letters, digits and hyphens (it becomes part of web addresses)',
    }),
    udesk: udeskSchema,
    crm: crmSchema,
    fields: z.array(fieldSchema).min(1),
    match: matchSchema.prefault({}),
    create: z
      .strictObject({ inCrm: z.boolean().default(true), inUdesk: z.boolean().default(true) })
      .prefault({}),
    deletes: z.enum(['flag', 'unlink', 'propagate']).default('flag'),
    firstRun: z.enum(['review', 'auto']).default('review'),
    guards: guardsSchema.prefault({}),
    quietMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(0)
      .describe(
        'How long a record must be left alone before the daemon carries an edit of it, in milliseconds',
      ),
    automations: z
      .array(text)
      .default([])
      .describe(
        'Names or e-mails of agents of Udesk, and names of users of the CRM, under which programs write; similar conflicts are told apart by it',
      ),
    schedule: scheduleSchema.prefault({}),
  })
  .transform((pair) => ({
    ...pair,
    fields: pair.fields.map((field) => inRegion(field, pair.match.defaultRegion)),
  }));

/** How numbers without a country code are read is said once for the pair. */
function inRegion<F extends { readonly lenses?: LensSpec[] | undefined }>(field: F, region: string): F {
  if (field.lenses === undefined) return field;
  return {
    ...field,
    lenses: field.lenses.map((lens) => (lens.kind === 'phone' ? { ...lens, region } : lens)),
  };
}

/** Decisions are kept under it; those of rules are called `rule:7 for ann`. */
const who = text.refine((name) => !isRuleName(name), {
  message: "must not begin with 'rule:'; so begin the names of rules that decide conflicts",
});

const httpSchema = z.strictObject({
  host: text.default('127.0.0.1'),
  port: z.int().min(0).max(65535).default(8420),
  publicUrl: webUrl
    .transform((value) => value.replace(/\/+$/, ''))
    .optional()
    .describe('Address under which people open the pages; alerts link to it'),
  auth: z
    .strictObject({
      users: z
        .array(
          z.strictObject({
            name: who,
            role: z.enum(['viewer', 'reviewer', 'operator']),
            passwordHash: text.regex(PASSWORD_HASH, {
              message: 'is not a hash of a password; `udesk-sync hash-password` makes one',
            }),
          }),
        )
        .min(1),
      tokens: z
        .array(
          z.strictObject({
            name: who,
            role: z.enum(['viewer', 'reviewer', 'operator']),
            token: z
              .string()
              .min(32, { message: 'must have at least 32 characters; `openssl rand -hex 32` makes one' }),
          }),
        )
        .default([])
        .describe('For programs: sent to /api/v1 as Authorization: Bearer'),
    })
    .optional(),
});

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { message: "must be a time of day such as '09:00'" });

/** When a pair counts as stalled; the same for every kind of receiver. */
const stalledRules = {
  stalledMinutes: z.int().min(1).default(15).describe('Stalled: no cycle ended well for so long'),
  sweepHours: z.int().min(1).default(24).describe('Stalled: no side was read completely for so long'),
};

/** What may be said, and how often; the same for every kind of receiver that is told something. */
const alertRules = {
  on: z.array(z.enum(['guard', 'auth', 'stalled', 'rule', 'conflict-digest', 'report'])).min(1),
  digestAt: timeOfDay.default('09:00').describe('When the conflict digest is sent, in `timezone`'),
  remindHours: z.int().min(1).default(24).describe('How often what goes on is said again'),
  ...stalledRules,
};

const webhookAlertSchema = z.strictObject({
  type: z.literal('webhook'),
  url: webUrl.describe('Often a secret in itself: it is never logged'),
  format: z
    .enum(['json', 'dingtalk', 'wecom', 'feishu', 'slack'])
    .optional()
    .describe('Left out: by the host of the address; json for unknown ones'),
  secret: text.optional().describe('Key for signatures of a DingTalk or Feishu robot'),
  ...alertRules,
});

/** One mailbox and nothing more: no name, no list, no line end. */
const mailbox = text.regex(/^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/, {
  message: 'must be one plain e-mail address',
});

export const emailAlertSchema = z.strictObject({
  type: z.literal('email'),
  host: text.describe('Name of the SMTP server'),
  port: z.int().min(1).max(65535).optional().describe('Left out: 465 with implicit TLS, else 587'),
  tls: z
    .enum(['starttls', 'implicit', 'none'])
    .default('starttls')
    .describe('starttls: no mail without it; none: for a server on this machine only'),
  user: text.optional(),
  password: text.optional(),
  from: mailbox,
  to: z.array(mailbox).min(1),
  ...alertRules,
});

/** A dead man's switch: something else raises the alarm when these calls stay out. */
const heartbeatAlertSchema = z.strictObject({
  type: z.literal('heartbeat'),
  url: webUrl.describe('Called while all pairs are well. Often a secret in itself: it is never logged'),
  method: z.enum(['GET', 'POST']).default('GET'),
  everyMs: z.int().min(1_000).max(86_400_000).default(60_000),
  ...stalledRules,
});

const alertSchema = z.union([webhookAlertSchema, emailAlertSchema, heartbeatAlertSchema]);

/** A scheduled report; e-mail and messengers get it where `on` of an alert has `report`. */
export const reportSchema = z.strictObject({
  every: z.enum(REPORT_EVERY).describe('Of the day, the week (from Monday) or the month that ended last'),
  at: timeOfDay.default('07:00').describe('When it is made, on the day after, in `timezone`'),
  formats: z
    .array(z.enum(['html', 'csv', 'json']))
    .min(1)
    .default(['html']),
  directory: text.optional().describe('Where the files are put; they hold data of customers'),
  pairs: z.array(text).min(1).optional().describe('Left out: all'),
});

const keptMonths = z.int().min(3).max(1_200);

const retentionSchema = z.strictObject({
  observations: keptMonths.default(24).describe('Months for which seen changes are kept'),
  feeds: keptMonths
    .default(24)
    .describe("Months for which Udesk's change records are kept; tickets and calls are not counted"),
  runs: keptMonths.default(3).describe('Months for which cycles that wrote nothing are kept'),
});

export const configSchema = z.strictObject({
  database: z
    .strictObject({
      url: postgresUrl.optional().describe('Left out: the variable DATABASE_URL, else the embedded Postgres'),
      dataDir: text.default('./data').describe('Where the embedded Postgres lives'),
    })
    .prefault({}),
  retention: retentionSchema
    .prefault({})
    .describe('How long history is kept; what was decided and written is kept for ever'),
  http: httpSchema.prefault({}),
  locale: z.enum(['zh-CN', 'en']).default('zh-CN').describe('Language of pages and reports'),
  timezone: z
    .string()
    .refine(isTimeZone, { message: 'is not a known time zone, such as Asia/Shanghai' })
    .default('Asia/Shanghai'),
  pairs: z.array(pairSchema).min(1),
  alerts: z.array(alertSchema).default([]),
  reports: z.array(reportSchema).default([]),
});

export type FieldConfig = z.output<typeof fieldSchema>;
export type PairConfig = z.output<typeof pairSchema>;
export type AlertConfig = z.output<typeof alertSchema>;
export type ReportConfig = z.output<typeof reportSchema>;
export type WebhookAlertConfig = z.output<typeof webhookAlertSchema>;
export type EmailAlertConfig = z.output<typeof emailAlertSchema>;
export type HeartbeatAlertConfig = z.output<typeof heartbeatAlertSchema>;

/** Whether the field holds a reference that travels by name. */
export function isNamed({
  udesk = '',
  as,
  map,
}: {
  readonly udesk?: string | undefined;
  readonly as?: 'name' | 'id' | undefined;
  readonly map?: unknown;
}): boolean {
  return REFERENCE_FIELDS.includes(udesk) && (as ?? (map === undefined ? 'name' : 'id')) === 'name';
}

/** The whole configuration with every default filled in, plus where it came from. */
export type Config = z.output<typeof configSchema> & {
  /** The file that was read, as it was named. */
  readonly file: string;
  /** What `check` should tell the operator although the file may be used; no secrets in here. */
  readonly warnings: readonly ConfigWarning[];
};

export interface ConfigWarning {
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
}

function isWebUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return url.protocol === 'https:' || url.protocol === 'http:';
}

function isOrigin(value: string): boolean {
  const { pathname, search, hash, username, password } = new URL(value);
  return pathname === '/' && search + hash + username + password === '';
}
