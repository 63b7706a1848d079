/** Reads a request by its schemas, and says everything that is wrong with it at once. */
import { z } from 'zod';
import { type Fault, Refusal } from '../refusal.ts';
import type { SignedVisit } from '../visit.ts';

export interface Given {
  readonly query: unknown;
  readonly body: unknown;
}

/** @throws Refusal `bad-request` with each fault, in the visitor's language; none of them quotes what was sent */
export async function readRequest(
  visit: SignedVisit,
  { query, body }: { readonly query: z.ZodType | null; readonly body: z.ZodType | null },
): Promise<Given> {
  const faults: Fault[] = [];
  // An empty parameter, as a form sends it, is none.
  const sent = Object.fromEntries([...visit.url.searchParams].filter(([, value]) => value !== ''));
  const readQuery = check(visit, query ?? z.strictObject({}), sent, (path, detail) =>
    faults.push({ ...(path.length === 0 ? {} : { parameter: path.join('.') }), detail }),
  );
  const readBody = body === null ? undefined : await readJson(visit, body, faults);
  if (faults.length > 0) throw new Refusal('bad-request', { faults });
  return { query: readQuery, body: readBody };
}

async function readJson(visit: SignedVisit, schema: z.ZodType, faults: Fault[]): Promise<unknown> {
  if (!(visit.c.req.header('content-type') ?? '').startsWith('application/json')) {
    throw new Refusal('media-type');
  }
  let given: unknown;
  try {
    given = JSON.parse(await visit.c.req.text());
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    faults.push({ pointer: '', detail: visit.t('api.not-json') });
    return undefined;
  }
  return check(visit, schema, given, (path, detail) => faults.push({ pointer: pointerOf(path), detail }));
}

function check(
  { locale }: SignedVisit,
  schema: z.ZodType,
  given: unknown,
  fault: (path: readonly PropertyKey[], detail: string) => void,
): unknown {
  const words = locale === 'zh-CN' ? z.locales.zhCN() : z.locales.en();
  const result = schema.safeParse(given, { error: words.localeError });
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) fault(path, message);
  return undefined;
}

/** RFC 6901. */
function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
