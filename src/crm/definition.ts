/** What an adapter brings along to be listed in `registry.ts`, and what it is given to work with. */
import type { z } from 'zod';
import type { Equivalence } from '../core/spec.ts';
import type { Breakers } from '../http/breakers.ts';
import type { AttemptMade } from '../http/retry.ts';
import type { QuotaLedger } from '../lib/sliding-window.ts';
import type { Side } from './adapter.ts';

/** A field of the CRM that the pair maps. */
export interface MappedField {
  /** The CRM's name of it. */
  readonly name: string;
  readonly shape: 'scalar' | 'set';
  readonly equivalence: Equivalence;
  /** It is never written to the CRM; left out: it may be. */
  readonly readOnly?: boolean;
}

export interface AdapterContext {
  readonly pair: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly fields: readonly MappedField[];
  /** ISO 3166 country used to read phone numbers without a country code. */
  readonly region: string;
  /** Of a CRM over HTTP, where the process has them; left out: every call goes. */
  readonly breakers?: Breakers | undefined;
  /** Told of every attempt of a call that was made, for counting. */
  readonly onAttempt?: ((made: AttemptMade) => void) | undefined;
  /**
   * Where calls are counted that a limit of the CRM is about: whoever shares it shares the limit. Left out: each side counts
   * for itself.
   */
  readonly ledger?: QuotaLedger | undefined;
  /** What the pair does with records of the CRM besides reading and editing them; left out: everything. */
  readonly intends?: { readonly create: boolean; readonly delete: boolean };
}

/** The triggers by which a CRM's database tells of changes. */
export interface TriggerTool {
  /** The statements, for a person who may run them. */
  readonly install: readonly string[];
  readonly remove: readonly string[];
  /** How many triggers `install` makes. */
  readonly count: number;
  installed(): Promise<number>;
  /** In one transaction. @throws SyncError `config` where the login may not */
  run(what: 'install' | 'remove'): Promise<void>;
  close(): Promise<void>;
}

export interface CrmAdapterDefinition {
  readonly name: string;
  /** The adapter's own block, `adapter: <name>` included; unknown keys are errors. */
  readonly schema: z.ZodType;
  /** Connects and learns the CRM's shape. Throws `SyncError('config')` naming everything that is wrong at once. */
  create(config: unknown, context: AdapterContext): Promise<Side>;
  /** Left out where the CRM has none. */
  triggers?(config: unknown, context: AdapterContext): Promise<TriggerTool>;
}

/** Keeps an adapter's own config type inside it: the registry knows only `unknown`. */
export function defineCrmAdapter<S extends z.ZodType>(definition: {
  readonly name: string;
  readonly schema: S;
  create(config: z.output<S>, context: AdapterContext): Promise<Side>;
  triggers?(config: z.output<S>, context: AdapterContext): Promise<TriggerTool>;
}): CrmAdapterDefinition {
  const { triggers } = definition;
  return {
    name: definition.name,
    schema: definition.schema,
    create: (config, context) => definition.create(definition.schema.parse(config), context),
    ...(triggers === undefined
      ? {}
      : { triggers: (config, context) => triggers(definition.schema.parse(config), context) }),
  };
}
