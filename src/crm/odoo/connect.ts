/** Which Odoo answers there, how it wants to be spoken to, and who we are to it. */
import { SyncError } from '../../errors.ts';
import type { OdooConfig } from './config.ts';
import { type Dialect, isObject, json2, jsonRpc, readJsonRpc, serviceRequest } from './dialect.ts';
import { isException, notUnderstood } from './failure.ts';
import { caller, type Run, type Wire } from './wire.ts';

export interface Connection {
  readonly api: Dialect['api'];
  /** `14.0`, or what it calls itself. */
  readonly version: string;
  readonly major: number;
  /** Our user; null where the API does not say. */
  readonly uid: number | null;
  readonly run: Run;
}

/** The first version with `/json/2`, and the first without the field `mobile`. */
export const JSON2_SINCE = 19;

export async function connect(wire: Wire, config: OdooConfig): Promise<Connection> {
  const { version, major } = await probe(wire);
  const secret = config.apiKey ?? config.password ?? '';
  const api = config.api === 'auto' ? (major >= JSON2_SINCE ? 'json2' : 'jsonrpc') : config.api;
  if (api === 'json2') {
    if (config.apiKey === undefined)
      throw new SyncError('config', `Odoo ${version} is spoken to by /json/2, which takes no password`, {
        side: 'crm',
        advice: 'Give crm.apiKey; or set crm.api: jsonrpc, which goes away in Odoo 22.',
      });
    const run = caller(wire, json2({ database: config.database, apiKey: config.apiKey }));
    const { result, about } = await run({ model: 'res.users', method: 'context_get', write: false });
    if (!isObject(result)) throw notUnderstood(about, 'the context of the user is no object');
    return { api, version, major, uid: typeof result.uid === 'number' ? result.uid : null, run };
  }
  const uid = await login(wire, config, secret);
  return { api, version, major, uid, run: caller(wire, jsonRpc({ database: config.database, uid, secret })) };
}

/** `/web/version` exists from 19 on; before, JSON-RPC's own service tells. */
async function probe(wire: Wire): Promise<{ version: string; major: number }> {
  const page = await wire.get('/web/version');
  const told = page.status === 200 ? versionIn(page.text, 'version', 'version_info') : null;
  if (told !== null) return told;
  const { result, about } = await wire.send(
    serviceRequest('common', 'version', []),
    { name: 'common.version', write: false, sent: null },
    readJsonRpc,
  );
  const answer = versionIn(JSON.stringify(result), 'server_version', 'server_version_info');
  if (answer === null) throw notUnderstood(about, 'the answer names no version');
  return answer;
}

/** `[19, 0, 0, "final", 0, ""]`, or `["saas~18", 2, …]`. Null: no answer of Odoo. */
export function versionIn(
  text: string,
  nameKey: string,
  listKey: string,
): { version: string; major: number } | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(json)) return null;
  const { [nameKey]: name, [listKey]: list } = json;
  const major = /\d+/.exec(String(Array.isArray(list) ? list[0] : name))?.[0];
  if (major === undefined) return null;
  return { version: typeof name === 'string' ? name : major, major: Number(major) };
}

/** Odoo answers a wrong login with `false`, and not with an error. */
async function login(wire: Wire, { database, login: user }: OdooConfig, secret: string): Promise<number> {
  try {
    const { result, about } = await wire.send(
      serviceRequest('common', 'login', [database, user, secret]),
      { name: 'common.login', write: false, sent: [user, secret] },
      readJsonRpc,
    );
    if (typeof result === 'number') return result;
    if (result !== false) throw notUnderstood(about, 'the answer to the login is no user');
  } catch (error) {
    if (!isException(error, 'AccessDenied')) throw error;
  }
  throw new SyncError('auth', `Odoo does not accept the login to the database ${database}`, {
    side: 'crm',
    code: 'AccessDenied',
    advice: 'Check crm.login and the API key (or password); on Odoo.com only the Custom plan has an API.',
  });
}
