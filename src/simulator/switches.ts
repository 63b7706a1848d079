/**
 * The switches of the simulator: one for everything that the vendor leaves open (udesk/api.md §12), and the faults.
 * An unknown switch or value is refused with the list of what is allowed, so that a typing error cannot pass for a run.
 */
import { SyncError } from '../errors.ts';
import { didYouMean } from '../lib/suggest.ts';

type SwitchSpec =
  | {
      readonly kind: 'choice';
      readonly values: readonly string[];
      readonly default: string;
      readonly doc: string;
    }
  /** Comma-separated, at least one. */
  | {
      readonly kind: 'list';
      readonly values: readonly string[];
      readonly default: string;
      readonly doc: string;
    }
  | {
      readonly kind: 'number';
      readonly min: number;
      readonly max: number;
      readonly default: number;
      readonly doc: string;
    };

const PROBABILITY = { kind: 'number', min: 0, max: 1, default: 0 } as const;

/**
 * `random`: any variant, one draw per response. `mixed`: each customer has its own; in lists among the variants that
 * the vendor's samples show there, elsewhere among those that name every id (so a single read always does).
 */
export const SWITCHES = {
  'sig.accept': {
    kind: 'list',
    values: ['sha256', 'sha1-v2', 'sha1'],
    default: 'sha256,sha1-v2,sha1',
    doc: 'signatures taken: SHA-256 of five parts, SHA-1 of five parts, SHA-1 of three parts',
  },
  'sig.v1_skew_check': {
    kind: 'choice',
    values: ['off', '300s'],
    default: 'off',
    doc: 'whether the three-part signature has the 5-minute window too',
  },
  'auth.location': {
    kind: 'choice',
    values: ['query-or-body', 'query'],
    default: 'query-or-body',
    doc: 'where email, timestamp and sign are read from',
  },
  'login.key': {
    kind: 'choice',
    values: ['open_api_auth_token', 'open_api_token', 'both'],
    default: 'open_api_auth_token',
    doc: 'key of the token in the answer of log_in',
  },
  'tenant.state': {
    kind: 'choice',
    values: ['ok', 'invalid-subdomain', 'unpaid'],
    default: 'ok',
    doc: 'refuse every call with 2002 (invalid subdomain) or 2058 (not on a paid plan)',
  },
  'not_found.code': {
    kind: 'choice',
    values: ['2005', '2015', '2000'],
    default: '2005',
    doc: 'code for a customer that does not exist',
  },
  'duplicate.code': {
    kind: 'choice',
    values: ['2005', '2000', 'update'],
    default: '2005',
    doc: 'answer to an e-mail or phone that another customer holds; `update`: a create changes that customer (2005 on update)',
  },
  'rate.scope': {
    kind: 'choice',
    values: ['tenant', 'endpoint'],
    default: 'tenant',
    doc: 'what the quota is counted by',
  },
  'rate.reply': {
    kind: 'choice',
    values: ['http429', 'code2000', 'reset'],
    default: 'http429',
    doc: 'answer to a call over the quota: HTTP 429 with HTML, HTTP 200 with code 2000, dropped connection',
  },
  'rate.per_minute': {
    kind: 'number',
    min: 0,
    max: 1_000_000_000,
    default: 60,
    doc: 'calls per sliding 60 s; 0: no limit',
  },
  'rate.per_second': {
    kind: 'number',
    min: 0,
    max: 1_000_000,
    default: 0,
    doc: 'calls per sliding second (1 in the first generation); 0: no limit',
  },
  'other_emails.empty': {
    kind: 'choice',
    values: ['delete-all', 'ignore'],
    default: 'delete-all',
    doc: 'effect of `other_emails: []` on update',
  },
  'other_emails.null': {
    kind: 'choice',
    values: ['ignore', 'delete-all', 'error'],
    default: 'ignore',
    doc: 'effect of `other_emails: null` on update',
  },
  'tags.update': {
    kind: 'choice',
    values: ['replace', 'append'],
    default: 'replace',
    doc: 'whether `tags` on update is the whole set',
  },
  'email.swap_primary': {
    kind: 'choice',
    values: ['off', 'on'],
    default: 'off',
    doc: 'an update that sends both swaps the primary address with the first other one (api.md §3.4)',
  },
  wrapper_missing: {
    kind: 'choice',
    values: ['2000', 'accept'],
    default: '2000',
    doc: 'attributes sent without the `customer` wrapper',
  },
  wrapper_empty: {
    kind: 'choice',
    values: ['2000', 'accept'],
    default: '2000',
    doc: '`customer: {}`; 2000 because its text says "param is missing or the value is empty"',
  },
  'list.over_cap': {
    kind: 'choice',
    values: ['empty', 'error', 'capped'],
    default: 'empty',
    doc: 'list pages beyond the cap: empty with the true total, code 2005, empty with the total capped',
  },
  'list.cap': {
    kind: 'number',
    min: 1,
    max: 1_000_000_000,
    default: 10_000,
    doc: 'customers that the list can reach',
  },
  'list.filter_order': {
    kind: 'choice',
    values: ['newest', 'oldest', 'name'],
    default: 'newest',
    doc: 'order of the customers of a filter: admins can change it (api.md §5)',
  },
  'cellphones.format': {
    kind: 'choice',
    values: ['any', 'digits'],
    default: 'any',
    doc: 'phones that the API takes: any text, or 6 to 20 digits with +, spaces, brackets and dashes (else code 2005, or an error of that row)',
  },
  'batch.duplicates': {
    kind: 'choice',
    values: ['error', 'skip', 'update'],
    default: 'error',
    doc: 'a row of a batch whose e-mail or phone exists: an error of that row, left out silently, or an update',
  },
  'batch.push': {
    kind: 'choice',
    values: ['plain', 'wrapped'],
    default: 'plain',
    doc: 'result of a batch: as the page has it, or inside {action, message}',
  },
  'batch.delay_ms': {
    kind: 'number',
    min: 0,
    max: 600_000,
    default: 0,
    doc: 'time from the answer of a batch import until its rows are created, in milliseconds',
  },
  'webhook.echo_api_writes': {
    kind: 'choice',
    values: ['on', 'off'],
    default: 'on',
    doc: 'whether changes made through the API are called back',
  },
  'webhook.delivery': {
    kind: 'choice',
    values: ['once', 'duplicate', 'reorder', 'drop', 'delay'],
    default: 'once',
    doc: 'callbacks: once in order, twice, in swapped pairs, every second one lost (beginning with the first), late',
  },
  'webhook.delay_ms': {
    kind: 'number',
    min: 0,
    max: 600_000,
    default: 100,
    doc: 'how late (delivery `delay`), or how long one waits for the next (`reorder`), in milliseconds',
  },
  'webhook.update_format': {
    kind: 'choice',
    values: ['pairs', 'new', 'full'],
    default: 'pairs',
    doc: 'Customer_update: {id, changes: {name: [old, new]}}, {id, changes: {name: new}}, or the whole object',
  },
  'webhook.content_type': {
    kind: 'choice',
    values: ['json', 'form'],
    default: 'json',
    doc: 'body of the callbacks that set_url registered; those of webhook_create are always JSON',
  },
  'shape.envelope': {
    kind: 'choice',
    values: ['e1', 'e2', 'random', 'mixed'],
    default: 'e1',
    doc: 'e2: the answer to a create has no `code`',
  },
  'shape.emails': {
    kind: 'choice',
    values: ['p1', 'p2', 'p3', 'p4', 'p5', 'random', 'mixed'],
    default: 'p1',
    doc: 'primary e-mail: p1/p5 `email`, null when none; p2 "" when none; p3 `emails` as text; p4 `emails` as a list of all',
  },
  'shape.other_emails': {
    kind: 'choice',
    values: ['o1', 'o2', 'o4', 'o5', 'random', 'mixed'],
    default: 'o1',
    doc: 'o1 objects; o2 flat [id, content, …]; o4 absent (under p4 so too with o1, random and mixed); o5 plain strings; [] (o3) when there are none',
  },
  'shape.cellphones': {
    kind: 'choice',
    values: ['k1', 'k2', 'k3', 'k4', 'k5', 'random', 'mixed'],
    default: 'k1',
    doc: 'k1 objects; k2 ids as numbers and text; k3 plain strings; k4 one object with duplicate keys; k5 key `cellphone`, some without id',
  },
  'shape.ids': {
    kind: 'choice',
    values: ['int', 'string', 'big', 'random', 'mixed'],
    default: 'int',
    doc: 'numbers, text, or numbers beyond 2^53 (all ids of the tenant, so never part of random and mixed)',
  },
  'shape.organization': {
    kind: 'choice',
    values: ['by-call', 'g1', 'g2', 'random', 'mixed'],
    default: 'by-call',
    doc: 'g1 nested object; g2 `organization_id`; by-call: g2 in lists, g1 elsewhere',
  },
  'shape.tags': {
    kind: 'choice',
    values: ['t1', 't2', 't4', 'random', 'mixed'],
    default: 't1',
    doc: 't1 objects; t2 with taggings_count; t4 "a,b"; t1 and t2 are [] (t3) when there are none',
  },
  'shape.feeds': {
    kind: 'choice',
    values: ['feed_type', 'from_type', 'm17', 'random', 'mixed'],
    default: 'feed_type',
    doc: '`feed_type: Alteration` (the sample), `from_type: Alternation` (the text), or UcpappConversation for calls (m17)',
  },
  'feeds.api_writes': {
    kind: 'choice',
    values: ['shown', 'anonymous', 'hidden'],
    default: 'shown',
    doc: 'changes through the API in the history of a customer: under an administrator, without an author, or not at all',
  },
  'feeds.wording': {
    kind: 'choice',
    values: ['zh', 'en', 'strange'],
    default: 'zh',
    doc: 'sentences of changes: as in the sample, in English, or in words that tell the field and no value',
  },
  'shape.custom_fields': {
    kind: 'choice',
    values: ['f1', 'f2'],
    default: 'f1',
    doc: 'definitions of the first generation: f1 of the page, f2 of the copy before it',
  },
  'shape.directory_meta': {
    kind: 'choice',
    values: ['total_count', 'count'],
    default: 'total_count',
    doc: 'how pages of agents and groups name the total: `count` in the first generation',
  },
  'shape.error_body': {
    kind: 'choice',
    values: ['code_message', 'message', 'random', 'mixed'],
    default: 'code_message',
    doc: '{code, code_message, exception} or {code, message, "exception:message"}',
  },
  'clock.offset': {
    kind: 'number',
    min: -1_000_000_000,
    max: 1_000_000_000,
    default: 0,
    doc: "seconds that the tenant's clock is ahead of ours",
  },
  'fault.latency_ms': {
    kind: 'number',
    min: 0,
    max: 600_000,
    default: 0,
    doc: 'delay of every answer, in milliseconds',
  },
  'fault.error_5xx': { ...PROBABILITY, doc: 'probability of HTTP 500, 502 or 503 before anything is done' },
  'fault.html': { ...PROBABILITY, doc: 'probability of HTTP 200 with an HTML page before anything is done' },
  'fault.truncate': {
    ...PROBABILITY,
    doc: 'probability of an answer whose JSON ends in the middle (a write is done)',
  },
  'fault.reset': { ...PROBABILITY, doc: 'probability of a reset connection before anything is done' },
  'fault.lost_reply': { ...PROBABILITY, doc: 'probability that a write is done and its answer lost' },
} as const satisfies Readonly<Record<string, SwitchSpec>>;

export type SwitchName = keyof typeof SWITCHES;

/** What `get` gives: a number, a list, or one of the allowed words. */
export type SwitchValue<N extends SwitchName> = (typeof SWITCHES)[N] extends { kind: 'number' }
  ? number
  : (typeof SWITCHES)[N] extends { kind: 'list'; values: readonly (infer V)[] }
    ? readonly V[]
    : (typeof SWITCHES)[N] extends { kind: 'choice'; values: readonly (infer V)[] }
      ? V
      : never;

export interface Switches {
  get<N extends SwitchName>(name: N): SwitchValue<N>;
  /** Throws `SyncError('config')` for an unknown name or value. */
  set(name: string, value: string): void;
  /** Every switch as text, in the order of the table. */
  all(): Record<SwitchName, string>;
}

export function createSwitches(initial: Readonly<Record<string, string>> = {}): Switches {
  const texts = new Map<SwitchName, string>();
  const values = new Map<SwitchName, unknown>();
  const store = (name: SwitchName, text: string): void => {
    const value = parseValue(name, text);
    values.set(name, value);
    texts.set(name, Array.isArray(value) ? value.join(',') : String(value));
  };
  for (const name of SWITCH_NAMES) store(name, String(SWITCHES[name].default));
  const switches: Switches = {
    get: <N extends SwitchName>(name: N) => values.get(name) as SwitchValue<N>,
    set: (name, value) => store(knownName(name), value),
    all: () => Object.fromEntries(texts) as Record<SwitchName, string>,
  };
  for (const [name, value] of Object.entries(initial)) switches.set(name, value);
  return switches;
}

export const SWITCH_NAMES = Object.keys(SWITCHES) as SwitchName[];

/** `['rate.per_minute=600', …]` as the command line takes it. Throws `SyncError('config')`. */
export function parseSwitchArguments(argumentsGiven: readonly string[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const argument of argumentsGiven) {
    const at = argument.indexOf('=');
    if (at < 1) {
      throw new SyncError('config', `"${argument}" is not a switch setting.`, {
        advice: 'Write it as name=value, for example rate.per_minute=600.',
      });
    }
    result[argument.slice(0, at).trim()] = argument.slice(at + 1).trim();
  }
  createSwitches(result);
  return result;
}

/** One row per switch, for a help text. */
export function describeSwitches(): { name: string; default: string; allowed: string; doc: string }[] {
  return SWITCH_NAMES.map((name) => ({
    name,
    default: String(SWITCHES[name].default),
    allowed: allowedValues(SWITCHES[name]),
    doc: SWITCHES[name].doc,
  }));
}

function knownName(name: string): SwitchName {
  if (Object.hasOwn(SWITCHES, name)) return name as SwitchName;
  throw new SyncError('config', `The simulator has no switch "${name}".${didYouMean(name, SWITCH_NAMES)}`, {
    advice: `Its switches are ${SWITCH_NAMES.join(', ')}.`,
  });
}

function parseValue(name: SwitchName, text: string): unknown {
  const spec: SwitchSpec = SWITCHES[name];
  const given = text.trim().toLowerCase();
  if (spec.kind === 'number') {
    const value = given === '' ? Number.NaN : Number(given);
    if (Number.isFinite(value) && value >= spec.min && value <= spec.max) return value;
  } else if (spec.kind === 'choice') {
    if (spec.values.includes(given)) return given;
  } else {
    const items = given.split(',').map((item) => item.trim());
    if (items.every((item) => spec.values.includes(item))) return items;
  }
  const hint = spec.kind === 'number' ? '' : didYouMean(given, spec.values);
  throw new SyncError('config', `The switch ${name} cannot be "${text}".${hint}`, {
    advice: `Allowed: ${allowedValues(spec)}.`,
  });
}

function allowedValues(spec: SwitchSpec): string {
  if (spec.kind === 'number') return `a number from ${spec.min} to ${spec.max}`;
  return spec.kind === 'list'
    ? `one or more of ${spec.values.join(', ')}, with commas`
    : spec.values.join(', ');
}
