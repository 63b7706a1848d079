/**
 * The rules of a field as they are declared under `fields`: what may stand there, what goes together, and the lenses that
 * come of it (src/core/mapping). Pure.
 */
import { z } from 'zod';
import { formTrouble, isDayOnly } from '../core/mapping/date.ts';
import type { LensSpec } from '../core/mapping/lens.ts';
import { PHONE_FORMS } from '../core/mapping/phone.ts';
import { isTimeZone } from '../lib/zoned-time.ts';

/** Udesk knows one clock. */
const UDESK_ZONE = 'Asia/Shanghai';

/** A YAML number where a text is meant: its own digits are kept by the loader. */
const word = z.union([z.string(), z.number(), z.boolean()]).transform(String).pipe(z.string().min(1));

const dateForm = z.string().superRefine((value, context) => {
  const trouble = formTrouble(value);
  if (trouble !== null) context.addIssue({ code: 'custom', message: trouble });
});

const zone = z.string().refine(isTimeZone, { message: 'is not a known time zone, such as Asia/Shanghai' });

function perSide<T extends z.ZodType>(value: T) {
  return z.union([value, z.strictObject({ udesk: value.optional(), crm: value.optional() })]);
}

const characters = z.int().min(1);

export const ruleKeys = {
  path: z
    .string()
    .regex(/^[^.[\]\s]+(\[\d+\])*(\.[^.[\]\s]+(\[\d+\])*)*$/, {
      message: 'must be a place such as address.city or numbers[0].value',
    })
    .optional()
    .describe('Where it stands inside the JSON document that the CRM field holds'),
  join: z.string().min(1).optional().describe('What stands between the parts where crm names several fields'),
  split: z
    .enum(['exact', 'first', 'last'])
    .optional()
    .describe(
      'How a joined text is taken apart: exact (default): only into as many parts as there are fields; first, last: what is too much goes to the last field (cut at the first separators) or to the first',
    ),
  constant: word
    .optional()
    .describe('A text for every record; leave udesk or crm out, wherever it comes from'),
  default: perSide(word).optional().describe('What stands for a blank: of the CRM, or { udesk, crm }'),
  date: z
    .strictObject({
      crm: dateForm.describe('date, datetime, iso, unix, unix-ms, or a pattern such as dd/MM/yyyy'),
      zone: zone.optional().describe(`Zone of the CRM's times; left out: ${UDESK_ZONE}`),
      udesk: dateForm.optional().describe('Left out: date where the CRM holds a date, else datetime'),
      udeskZone: zone.optional(),
    })
    .optional()
    .describe('Dates and times, each side in its own form'),
  phone: perSide(z.enum(PHONE_FORMS))
    .optional()
    .describe('Form of numbers: of the CRM, or { udesk, crm }; what is the same number already stays'),
  email: perSide(z.enum(['lower', 'as-is']))
    .optional()
    .describe('Form of addresses: of the CRM, or { udesk, crm }'),
  truncate: perSide(characters).optional().describe('Most characters: of the CRM, or { udesk, crm }'),
};

/** The part of a field that the rules are about. */
export type RuleConfig = z.output<z.ZodObject<typeof ruleKeys>>;

export interface RuleProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export interface FieldParts {
  readonly udesk?: string | undefined;
  readonly crm?: string | readonly string[] | undefined;
  readonly direction: 'both' | 'to-crm' | 'to-udesk';
  readonly map?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Udesk holds several values there. */
  readonly isSet: boolean;
  /** It holds a reference that travels by name. */
  readonly named: boolean;
}

/** Rules of which one excludes the others: each says what the text becomes. */
const MAIN = ['constant', 'join', 'map', 'date', 'phone', 'email'] as const;

export function ruleProblems(field: FieldParts, rules: RuleConfig): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const say = (message: string, ...path: (string | number)[]): void => void problems.push({ path, message });
  const given: Readonly<Record<string, unknown>> = { ...rules, map: field.map };
  const has = (key: string) => given[key] !== undefined;

  if (!has('constant') && field.udesk === undefined) say('is missing', 'udesk');
  if (!has('constant') && field.crm === undefined) say('is missing', 'crm');
  if (has('constant') && (field.udesk === undefined) === (field.crm === undefined)) {
    say('comes from one side: name the field of the other one, and leave this one out', 'constant');
  }
  const main = MAIN.filter(has);
  for (const second of main.slice(1)) say(`cannot go together with ${main[0]}`, second);
  const several = typeof field.crm === 'object';
  if (several && !has('join')) say('names several fields: say what stands between them under join', 'crm');
  if (!several && has('join')) say('is for several fields: list them under crm', 'join');
  if (has('split') && !has('join')) say('belongs to join', 'split');
  if (several && has('path')) say('is for one field of the CRM', 'path');
  for (const key of ['constant', 'join', 'path', 'date', 'truncate', 'default'].filter(has)) {
    if (field.isSet) say(`is for fields of one value, but ${field.udesk} holds several`, key);
  }
  for (const key of ['join', 'date', 'phone', 'email', 'truncate', 'default'].filter(has)) {
    if (field.named) say(`is not for ${field.udesk}, which travels by name; set as: id to map its ids`, key);
  }
  for (const key of ['default', 'truncate'].filter(has)) {
    if (has('constant')) say('has no use beside a constant', key);
  }
  if (has('constant') && field.direction !== 'both' && field.direction !== constantWay(field)) {
    say(`"${field.direction}" leads away from where the constant is written`, 'direction');
  }
  const limit = sides(rules.truncate);
  for (const [side, value] of Object.entries(sides(rules.default))) {
    const most = limit[side as 'udesk' | 'crm'];
    if (most !== undefined && [...value].length > most) say(`has more than ${most} characters`, 'default');
  }
  return [...problems, ...mapProblems(field, rules)];
}

function mapProblems({ map, direction }: FieldParts, rules: RuleConfig): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const seen = new Map<string, string>();
  const blank = sides(rules.default);
  for (const [udesk, values] of Object.entries(map ?? {})) {
    if (udesk.trim() === blank.udesk)
      problems.push({ path: ['default'], message: `"${udesk}" stands in the map already` });
    for (const crm of [values].flat()) {
      const first = seen.get(crm);
      if (first === undefined) seen.set(crm, udesk);
      else if (direction !== 'to-crm' || first === udesk) {
        problems.push({
          path: ['map', udesk],
          message: `is not one-to-one: "${first}" and "${udesk}" both become "${crm}", so the way back cannot be known`,
        });
      }
      if (crm.trim() === blank.crm)
        problems.push({ path: ['default'], message: `"${crm}" stands in the map already` });
    }
  }
  return problems;
}

function constantWay(field: FieldParts): 'to-crm' | 'to-udesk' {
  return field.udesk === undefined ? 'to-crm' : 'to-udesk';
}

/** The name by which the pair knows what stands in no field of a side's own. */
export function fieldNames({ udesk, crm, constant, path }: FieldParts & RuleConfig): {
  udesk: string;
  crm: string;
} {
  const own = typeof crm === 'object' ? crm.join('+') : path === undefined ? crm : `${crm}.${path}`;
  return {
    udesk: udesk ?? `constant:${constant === undefined ? '' : own}`,
    crm: own ?? `constant:${constant === undefined ? '' : udesk}`,
  };
}

/** In the order from Udesk to the CRM; undefined where values travel as they are. */
export function lensesOf(field: FieldParts, rules: RuleConfig): LensSpec[] | undefined {
  const lenses: LensSpec[] = [];
  const blank = sides(rules.default);
  const limit = sides(rules.truncate);
  if (blank.udesk !== undefined) lenses.push({ kind: 'default', on: 'udesk', value: blank.udesk });
  if (limit.udesk !== undefined) lenses.push({ kind: 'truncate', on: 'udesk', characters: limit.udesk });
  if (rules.date !== undefined) lenses.push(dateRule(rules.date));
  if (rules.phone !== undefined) {
    const { udesk = 'as-is', crm = 'as-is' } = sides(rules.phone);
    // The region is the pair's.
    lenses.push({ kind: 'phone', udesk, crm, region: '' });
  }
  if (rules.email !== undefined) {
    const { udesk, crm } = sides(rules.email);
    const lower = (['udesk', 'crm'] as const).filter((on) => (on === 'udesk' ? udesk : crm) === 'lower');
    const [only] = lower;
    if (only !== undefined) lenses.push({ kind: 'email', lower: lower.length === 2 ? 'both' : only });
  }
  if (rules.join !== undefined && typeof field.crm === 'object') {
    lenses.push({ kind: 'join', parts: field.crm, separator: rules.join, split: rules.split ?? 'exact' });
  }
  if (limit.crm !== undefined) lenses.push({ kind: 'truncate', on: 'crm', characters: limit.crm });
  if (blank.crm !== undefined) lenses.push({ kind: 'default', on: 'crm', value: blank.crm });
  if (rules.constant !== undefined) {
    const on = field.udesk === undefined ? 'udesk' : 'crm';
    lenses.push({ kind: 'constant', on, value: rules.constant });
  }
  if (rules.path !== undefined && typeof field.crm === 'string') {
    lenses.push({ kind: 'path', document: field.crm, path: rules.path });
  }
  return lenses.length === 0 ? undefined : lenses;
}

function dateRule(date: NonNullable<RuleConfig['date']>): LensSpec {
  const udesk = date.udesk ?? (isDayOnly(date.crm) ? 'date' : 'datetime');
  return {
    kind: 'date',
    udesk: { format: udesk, zone: date.udeskZone ?? UDESK_ZONE },
    crm: { format: date.crm, zone: date.zone ?? UDESK_ZONE },
  };
}

/** A value without a side is the CRM's. */
function sides<T extends string | number>(
  value: T | { readonly udesk?: T | undefined; readonly crm?: T | undefined } | undefined,
): { udesk?: T; crm?: T } {
  if (value === undefined) return {};
  if (typeof value !== 'object') return { crm: value };
  return {
    ...(value.udesk === undefined ? {} : { udesk: value.udesk }),
    ...(value.crm === undefined ? {} : { crm: value.crm }),
  };
}
