import { describe, inject } from 'vitest';
import { describeSide } from '../conformance/suite.ts';
import { odooHarness } from '../support/odoo/harness.ts';

describe.skipIf(inject('odooMissing') !== null)('against a real Odoo', () => {
  describeSide('odoo', () => odooHarness());
});
