import type { WordKey } from './i18n/en.ts';
import type { Params } from './i18n/words.ts';

/** Each code has the texts `error.CODE.title` and `error.CODE.detail`. */
const STATUS = {
  'bad-request': 400,
  'sign-in': 401,
  role: 403,
  csrf: 403,
  origin: 403,
  host: 403,
  'not-found': 404,
  late: 409,
  'rule-late': 409,
  moved: 409,
  answered: 409,
  'not-live': 409,
  linked: 409,
  'in-flight': 409,
  closed: 409,
  'plan-gone': 409,
  'plan-answered': 409,
  'under-way': 409,
  'not-decided': 409,
  'not-ours': 409,
  'key-busy': 409,
  'too-large': 413,
  'media-type': 415,
  unfit: 422,
  choose: 422,
  'key-reused': 422,
  'too-many-views': 422,
  'too-many': 429,
  'too-many-streams': 503,
  unexpected: 500,
} as const;

export type RefusalCode = keyof typeof STATUS;

/** What is wrong with one part of a request: a parameter of the address, a header, or a place in the body (RFC 6901). */
export interface Fault {
  readonly parameter?: string;
  readonly header?: string;
  readonly pointer?: string;
  /** In the visitor's language. */
  readonly detail: string;
}

/** A request that is not done, and why, in the visitor's language: a page, or problem+json below /api. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly status: (typeof STATUS)[RefusalCode];
  readonly params: Params;
  /** Words of the interface whose translation is a parameter. */
  readonly wordParams: Readonly<Record<string, WordKey>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a request that cannot be read: all that is wrong with it. */
  readonly faults: readonly Fault[];

  constructor(
    code: RefusalCode,
    options: {
      readonly params?: Params;
      readonly wordParams?: Readonly<Record<string, WordKey>>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly faults?: readonly Fault[];
    } = {},
  ) {
    super(code);
    this.name = 'Refusal';
    this.code = code;
    this.status = STATUS[code];
    this.params = options.params ?? {};
    this.wordParams = options.wordParams ?? {};
    this.headers = options.headers ?? {};
    this.faults = options.faults ?? [];
  }
}
