/** The same day as for every other CRM, with a real Odoo behind the adapter. */
import { describe, inject } from 'vitest';
import { describeScenario } from '../support/crm-scenario.ts';
import { odooHarness } from '../support/odoo/harness.ts';

describe.skipIf(inject('odooMissing') !== null)('against a real Odoo', () => {
  // Some two thousand calls, one after the other: Odoo works them off in one process.
  describeScenario('odoo', odooHarness, { timeoutMs: 1_200_000 });
});
