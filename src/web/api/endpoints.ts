/** Everything that the API answers. */
import type { Endpoint } from './endpoint.ts';
import { careEndpoints } from './endpoints/care.ts';
import { conflictEndpoints } from './endpoints/conflicts.ts';
import { customerEndpoints } from './endpoints/customers.ts';
import { eventEndpoints } from './endpoints/events.ts';
import { linkEndpoints } from './endpoints/links.ts';
import { pairEndpoints } from './endpoints/pairs.ts';
import { parkedEndpoints } from './endpoints/parked.ts';
import { planEndpoints } from './endpoints/plans.ts';
import { reportEndpoints } from './endpoints/reports.ts';
import { similarEndpoints } from './endpoints/similar.ts';

export const ENDPOINTS: readonly Endpoint[] = [
  // Before the conflicts, one of which would else be called `facets`.
  ...careEndpoints,
  ...conflictEndpoints,
  ...similarEndpoints,
  ...linkEndpoints,
  ...parkedEndpoints,
  ...planEndpoints,
  ...customerEndpoints,
  ...pairEndpoints,
  ...reportEndpoints,
  ...eventEndpoints,
];
