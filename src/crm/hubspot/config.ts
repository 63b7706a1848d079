/** The `hubspot` adapter's block of the configuration; docs/adapters/hubspot.md tells it key by key. */
import { z } from 'zod';
import { origin } from '../http/config-parts.ts';

const property = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, 'must be the internal name of a property: small letters, digits and _');

export const hubspotConfigSchema = z.strictObject({
  adapter: z.literal('hubspot'),
  token: z.string().min(1).describe('access token of a private app'),
  baseUrl: origin.default('https://api.hubapi.com'),
  externalId: property
    .default('udesk_id')
    .describe('text property with unique values that holds the Udesk id; `check` tells how to make it'),
  properties: z
    .record(z.string().min(1), property)
    .default({})
    .describe('name used under the fields of the pair → property; default: the same name'),
  phones: z
    .array(property)
    .min(1)
    .refine((all) => new Set(all).size === all.length, 'names a property twice')
    .default(['mobilephone', 'phone'])
    .describe('properties that hold the phones of a person, in the order in which they are filled'),
  overlapMs: z
    .int()
    .nonnegative()
    .default(300_000)
    .describe('how far each look at the changes reaches back: the search shows a change some time after it'),
  limits: z
    .strictObject({
      perTenSeconds: z
        .int()
        .min(1)
        .default(90)
        .describe('calls in every 10 seconds, of all that use the token'),
      searchesPerSecond: z.int().min(1).default(4),
      concurrency: z.int().min(1).max(64).default(4),
    })
    .prefault({}),
});

export type HubspotConfig = z.output<typeof hubspotConfigSchema>;
