/** A business error of the tenant: HTTP 200 and a code (udesk/api.md §6). Never holds a customer's data. */
export class Refusal extends Error {
  readonly code: number;
  /** What the vendor would put in `exception`: a short English text. */
  readonly exception: string;

  constructor(code: number, message: string, exception: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.exception = exception;
  }
}

/** An e-mail or phone that another customer holds. */
export class Duplicate extends Refusal {}

export const CODES = {
  ok: 1000,
  unknown: 2000,
  subdomain: 2002,
  parameter: 2005,
  notAdmin: 2015,
  unpaid: 2058,
  signature: 2059,
  timestampFormat: 20621,
  timestampSkew: 20622,
  nonceReplayed: 20623,
  nonceEmpty: 20624,
} as const;

export function badParameter(exception: string): Refusal {
  return new Refusal(CODES.parameter, '参数错误', exception);
}

export function missingParameter(name: string): Refusal {
  return new Refusal(CODES.unknown, '未知错误', `param is missing or the value is empty: ${name}`);
}
