/** vitest globalSetup: whether a real Odoo answers, asked once; why the tests are skipped where none does. */
import type { TestProject } from 'vitest/node';
import { odooAddress } from './address.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Null: Odoo is there. */
    odooMissing: string | null;
  }
}

const PATIENCE_MS = 5_000;

export default async function setup(project: TestProject): Promise<void> {
  const reason = await whyMissing();
  project.provide('odooMissing', reason);
  if (reason !== null)
    console.warn(
      `The tests against a real Odoo are skipped: ${reason}. Start one: npm run test:odoo -- --start`,
    );
}

async function whyMissing(): Promise<string | null> {
  const { url, database, login, password } = odooAddress();
  const args = [database, login, password];
  try {
    const response = await fetch(`${url}/jsonrpc`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        method: 'call',
        id: 1,
        params: { service: 'common', method: 'login', args },
      }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const { result } = (await response.json()) as { result?: unknown };
    return typeof result === 'number'
      ? null
      : `what answers at ${url} does not let ${login} into ${database}`;
  } catch {
    return `nothing answers at ${url} (ODOO_URL)`;
  }
}
