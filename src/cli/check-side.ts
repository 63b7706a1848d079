/** One side of one pair, as `check` looks at it: whatever goes wrong is a finding, and the rest goes on. */
import { toFieldSpec } from '../config/pair-spec.ts';
import type { PairConfig } from '../config/schema.ts';
import type { Manifest, SideName } from '../core/record.ts';
import { sideField } from '../core/spec.ts';
import type { SideFacts } from '../core/unsafe-combinations.ts';
import type { Finding, Side } from '../crm/adapter.ts';
import { isSyncError } from '../errors.ts';
import { capabilities, mappingFindings } from './check-findings.ts';
import { adviceOf } from './errors.ts';

export type Found = Finding & {
  /** The configuration is what has to be mended (exit code 2), not the world. */
  readonly config: boolean;
};

export interface SideCheck {
  readonly side: SideName;
  /** Null: it could not even be asked. */
  readonly manifest: Manifest | null;
  /** Null like the manifest. */
  readonly facts: SideFacts | null;
  readonly reached: boolean;
  readonly count: number | null;
  readonly clockSkewMs: number | null;
  readonly capabilities: readonly string[];
  readonly findings: readonly Found[];
}

/** Clocks that differ by more than this put edits in the wrong order; Udesk refuses at five minutes. */
const SKEW_WARNING_MS = 60_000;

export async function checkSide(
  pair: PairConfig,
  name: SideName,
  open: () => Promise<Side>,
  signal: AbortSignal,
): Promise<SideCheck> {
  const nothing = {
    side: name,
    manifest: null,
    facts: null,
    reached: false,
    count: null,
    clockSkewMs: null,
    capabilities: [],
  };
  let side: Side;
  try {
    side = await open();
  } catch (error) {
    return { ...nothing, findings: findingsOf(error) };
  }
  const { manifest } = side;
  const specs = pair.fields.map(toFieldSpec);
  const about = {
    manifest,
    facts: { manifest, ...(side.history === undefined ? {} : { history: side.history }) },
    capabilities: capabilities(
      manifest,
      specs.map((spec) => sideField(spec, name)),
    ),
  };
  try {
    const report = await side.check({ signal });
    const findings: Found[] = [
      ...report.findings.map((finding) => ({ ...finding, config: false })),
      ...mappingFindings(name, specs, manifest, report.fields ?? manifest.fields).map(asConfig),
    ];
    const { count, clockSkewMs } = report;
    const told = report.findings.some(({ message }) => /\bclock\b/.test(message));
    if (clockSkewMs !== null && Math.abs(clockSkewMs) > SKEW_WARNING_MS && !told)
      findings.push(clockFinding(clockSkewMs));
    return { ...nothing, ...about, reached: true, count, clockSkewMs, findings };
  } catch (error) {
    signal.throwIfAborted();
    const mapping = mappingFindings(name, specs, manifest, manifest.fields).map(asConfig);
    return { ...nothing, ...about, findings: [...findingsOf(error), ...mapping] };
  } finally {
    await side.close().catch(() => {}); // what it held is gone with this process
  }
}

/** One finding per problem: an error of kind `config` lists several, one per line. Anything unforeseen is thrown on. */
export function findingsOf(error: unknown): Found[] {
  if (!isSyncError(error)) throw error;
  const config = error.kind === 'config';
  const messages = config ? error.message.split('\n').filter((line) => line.trim() !== '') : [error.message];
  return messages.map((message) => ({ level: 'problem', message, advice: adviceOf(error), config }));
}

export function asConfig(finding: Finding): Found {
  return { ...finding, config: true };
}

function clockFinding(skewMs: number): Found {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return {
    level: 'warning',
    message: `its clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the clock of this machine`,
    advice: 'Set both by NTP: edits are ordered by these clocks.',
    config: false,
  };
}
