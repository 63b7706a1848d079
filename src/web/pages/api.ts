/** `/api/v1`: what the pages do, for programs. Refusals are problem+json (failed.ts). */
import { routeOf } from '../api/endpoint.ts';
import { ENDPOINTS } from '../api/endpoints.ts';
import { openApi } from '../api/openapi.ts';
import type { Page } from '../page.ts';

const VERSION = '1';

export const apiPage: Page = {
  routes: [
    {
      method: 'GET',
      path: '/api/openapi.json',
      access: 'public',
      handle: ({ c }) => c.json(openApi(VERSION, ENDPOINTS)),
    },
    ...ENDPOINTS.map(routeOf),
  ],
};
