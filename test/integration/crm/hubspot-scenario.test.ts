import { hubspotHarness } from '../../conformance/hubspot-harness.ts';
import { describeScenario } from '../../support/crm-scenario.ts';

describeScenario('hubspot', hubspotHarness);
