import { salesforceHarness } from './salesforce-harness.ts';
import { describeSide } from './suite.ts';

describeSide('salesforce, by queries', salesforceHarness());
describeSide('salesforce, large orgs in bulk', salesforceHarness(0));
