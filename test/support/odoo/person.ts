/** A person who works in Odoo beside us: the same JSON-RPC as any other program, and none of the code under test. */
import { type OdooAddress, odooAddress } from './address.ts';

export class OdooError extends Error {
  readonly exception: string;
  constructor(exception: string, message: string) {
    super(`${exception}: ${message}`);
    this.exception = exception;
  }
}

export type Call = <T = unknown>(
  model: string,
  method: string,
  args?: readonly unknown[],
  kw?: Readonly<Record<string, unknown>>,
) => Promise<T>;

export interface OdooPerson {
  readonly uid: number;
  readonly call: Call;
}

export async function odooPerson(
  who: { readonly login?: string; readonly password?: string } = {},
  address: OdooAddress = odooAddress(),
): Promise<OdooPerson> {
  const { login = address.login, password = address.password } = who;
  const uid = await rpc<number | false>(address, 'common', 'login', [address.database, login, password]);
  if (uid === false) throw new Error(`Odoo does not know ${login}`);
  return {
    uid,
    call: (model, method, args = [], kw = {}) =>
      rpc(address, 'object', 'execute_kw', [address.database, uid, password, model, method, args, kw]),
  };
}

async function rpc<T>(
  { url }: OdooAddress,
  service: string,
  method: string,
  args: readonly unknown[],
): Promise<T> {
  const response = await fetch(`${url}/jsonrpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', method: 'call', id: 1, params: { service, method, args } }),
  });
  const { result, error } = (await response.json()) as {
    result: T;
    error?: { data?: { name?: string; message?: string } };
  };
  if (error !== undefined) throw new OdooError(error.data?.name ?? '?', error.data?.message ?? '?');
  return result;
}
