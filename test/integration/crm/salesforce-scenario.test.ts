import { salesforceHarness } from '../../conformance/salesforce-harness.ts';
import { describeScenario } from '../../support/crm-scenario.ts';

// Fewer people than the others: each write costs four calls.
describeScenario('salesforce', salesforceHarness(), { size: 100 });
