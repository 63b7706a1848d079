import { salesforceHarness } from '../../conformance/salesforce-harness.ts';
import { describeScenario } from '../../support/crm-scenario.ts';

describeScenario('salesforce', salesforceHarness());
