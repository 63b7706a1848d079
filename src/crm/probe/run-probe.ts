/** All questions to one CRM, one after the other; what was made is taken away whatever happens. */
import type { Manifest } from '../../core/record.ts';
import { isSyncError } from '../../errors.ts';
import { type Left, type Probe, type ProbeWorld, startProbe } from './probe.ts';
import { type Found, judge, type Question, type Verdict } from './question.ts';
import { IDENTITY } from './questions-identity.ts';
import { OBSERVING } from './questions-observing.ts';
import { WRITING } from './questions-writing.ts';

export const QUESTIONS: readonly Question[] = [...IDENTITY, ...WRITING, ...OBSERVING];

export interface Asked {
  readonly about: Question['about'];
  readonly asks: string;
  readonly verdict: Verdict;
  readonly found: Found;
  readonly because: string;
}

export interface ProbeReport {
  readonly answers: readonly Asked[];
  /** The declared manifest with everything that was found out in its place. */
  readonly manifest: Manifest;
  readonly made: number;
  readonly left: readonly Left[];
}

export async function runProbe(
  world: ProbeWorld,
  progress: (question: Question, at: number) => void = () => {},
): Promise<ProbeReport> {
  const probe = startProbe(world);
  const answers: Asked[] = [];
  let cleaned: { readonly made: number; readonly left: readonly Left[] };
  try {
    for (const [at, question] of QUESTIONS.entries()) {
      world.signal?.throwIfAborted();
      progress(question, at);
      answers.push(await askOne(probe, question));
    }
  } finally {
    cleaned = await probe.cleanUp();
  }
  const found = Object.assign({}, ...answers.map((answer) => answer.found)) as Found;
  return { answers, manifest: { ...world.side.manifest, ...found }, ...cleaned };
}

/** What stops one question stops no other; what stops all of them (credentials, a side that is down) is thrown on. */
export async function askOne(probe: Probe, question: Question): Promise<Asked> {
  const { about, asks } = question;
  const cannot = question.cannot?.(probe) ?? null;
  if (cannot !== null) return { about, asks, verdict: 'unknown', found: {}, because: `not asked: ${cannot}` };
  try {
    const answer = await question.ask(probe);
    return {
      about,
      asks,
      verdict: judge(about, probe.side.manifest, answer),
      found: answer.found,
      because: answer.because,
    };
  } catch (thrown) {
    if (!isSyncError(thrown) || ['auth', 'config', 'lease-lost'].includes(thrown.kind)) throw thrown;
    const code = thrown.details.code === undefined ? '' : `, code ${thrown.details.code}`;
    return {
      about,
      asks,
      verdict: 'unknown',
      found: {},
      because: `no answer: ${thrown.message} (${thrown.kind}${code})`,
    };
  }
}
