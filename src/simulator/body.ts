/** Reads what a client sent: query, JSON body, form body. Whole numbers beyond 2^53 become bigints, so ids lose nothing. */
import type { IncomingMessage } from 'node:http';

export type Parameters = Readonly<Record<string, unknown>>;

const MAX_BODY_BYTES = 10_000_000;

/** Null: more than 10 MB. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Null: the text is not an object in JSON (or in the form encoding, where the header names it). */
export function parseBody(text: string, contentType: string): Parameters | null {
  if (text.trim() === '') return {};
  if (contentType.includes('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(text));
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Parameters)
      : null;
  } catch {
    return null;
  }
}

export function parseJson(text: string): unknown {
  // `context.source` is in Node 22 and newer; TypeScript's library does not know it yet.
  const reviver = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    return context?.source && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
  };
  return JSON.parse(text, reviver as (this: unknown, key: string, value: unknown) => unknown);
}
