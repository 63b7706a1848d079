/** What a question to a CRM is, and how its answer is judged against the manifest. Pure, but for the asking. */
import type { Manifest } from '../../core/record.ts';
import type { Probe } from './probe.ts';

/** The part of a manifest that an answer is about; what is left out was not found out. */
export type Found = Partial<Omit<Manifest, 'adapter'>>;

export interface Answer {
  readonly found: Found;
  /** What was done and seen, in words; says which values were seen by their kind, never the values. */
  readonly because: string;
  /** A promise of the port itself that was not kept, whatever the manifest says. */
  readonly broken?: boolean;
}

export interface Question {
  /** The manifest's word for what it is about; `port` where it is about the port itself. */
  readonly about: keyof Manifest | 'port';
  readonly asks: string;
  /** Why it cannot be asked here, in words; null: it can. */
  readonly cannot?: (probe: Probe) => string | null;
  ask(probe: Probe): Promise<Answer>;
}

/**
 * `agrees`: as declared. `too-much`: the manifest promises what the CRM did not keep; this can cost an edit.
 * `too-little`: the CRM kept more than is promised; that costs calls only. `unknown`: it could not be found out.
 */
export type Verdict = 'agrees' | 'too-much' | 'too-little' | 'unknown';

type Judge<K extends keyof Found> = (
  declared: Manifest[K],
  found: NonNullable<Found[K]> | Manifest[K],
) => Verdict;

const capability: Judge<'compareAndSet' | 'visibleDeletes' | 'elementIds' | 'trustedTime' | 'canDelete'> = (
  declared,
  found,
) => (declared === found ? 'agrees' : declared ? 'too-much' : 'too-little');

/** What a wrongly small (or large) declaration costs decides which way is too much. */
const JUDGES: { readonly [K in keyof Found]?: Judge<K> } = {
  compareAndSet: capability,
  visibleDeletes: capability,
  elementIds: capability,
  trustedTime: capability,
  canDelete: capability,
  externalId: (declared, found) => {
    if (declared === null) return found === null ? 'agrees' : 'too-little';
    if (found === null) return 'too-much';
    return declared.unique && !found.unique ? 'too-much' : 'agrees';
  },
  lookups: (declared, found) => {
    if (declared.some((kind) => !found.includes(kind))) return 'too-much';
    return found.some((kind) => !declared.includes(kind)) ? 'too-little' : 'agrees';
  },
  // A little longer than declared may be the way there and back.
  lookupLagMs: (declared, found) => (found > declared + SLACK_MS ? 'too-much' : 'agrees'),
  timeResolutionMs: (declared, found) =>
    found > declared ? 'too-much' : found < declared ? 'too-little' : 'agrees',
  createMayOverwrite: (declared, found) =>
    found === (declared ?? false) ? 'agrees' : found ? 'too-much' : 'too-little',
  capacity: (declared, found) => {
    const fields = [...new Set([...Object.keys(declared), ...Object.keys(found)])];
    const room = (of: Readonly<Record<string, number>>, field: string) =>
      of[field] ?? Number.POSITIVE_INFINITY;
    if (fields.some((field) => room(declared, field) > room(found, field))) return 'too-much';
    return fields.some((field) => room(declared, field) < room(found, field)) ? 'too-little' : 'agrees';
  },
  changeCursor: (declared, found) => {
    if (declared === null) return found === null ? 'agrees' : 'too-little';
    if (found === null) return 'too-much';
    if (declared.lateMs === null || found.lateMs === null) return 'agrees';
    return found.lateMs > declared.lateMs + SLACK_MS ? 'too-much' : 'agrees';
  },
};

const SLACK_MS = 1_000;

export function judge(
  about: Question['about'],
  declared: Manifest,
  { found, broken = false }: Answer,
): Verdict {
  if (broken) return 'too-much';
  const verdicts = (Object.keys(found) as (keyof Found)[]).map((key): Verdict => {
    const rule = JUDGES[key] as Judge<keyof Found> | undefined;
    return rule === undefined ? 'unknown' : rule(declared[key] as never, found[key] as never);
  });
  if (about === 'port') return 'agrees';
  for (const worst of ['too-much', 'too-little', 'agrees'] as const)
    if (verdicts.includes(worst)) return worst;
  return 'unknown';
}
