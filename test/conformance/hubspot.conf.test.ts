import { hubspotHarness } from './hubspot-harness.ts';
import { describeSide } from './suite.ts';

describeSide('hubspot', hubspotHarness);
