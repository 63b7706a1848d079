/** The `salesforce` adapter's block of the configuration; docs/adapters/salesforce.md tells it key by key. */
import { z } from 'zod';
import { origin } from '../http/config-parts.ts';

/** Names go into queries and paths as they are: nothing else may stand in them. */
const apiName = z
  .string()
  .regex(/^[A-Za-z]\w*$/, 'must be an API name such as LastName or Udesk_Id__c')
  .describe('API name of a field');

export const salesforceConfigSchema = z.strictObject({
  adapter: z.literal('salesforce'),
  loginUrl: origin.describe('My Domain of the org: https://acme.my.salesforce.com'),
  clientId: z.string().min(1).describe('consumer key of the connected app (external client app)'),
  clientSecret: z.string().min(1).describe('its consumer secret'),
  refreshToken: z
    .string()
    .min(1)
    .optional()
    .describe('left out: client credentials flow; given: refresh token flow'),
  apiVersion: z
    .string()
    .regex(/^\d\d\.0$/, 'must be a version such as "62.0", in quotes')
    .default('62.0'),
  object: z.enum(['Contact', 'Lead']).default('Contact'),
  externalId: apiName
    .optional()
    .describe('text field for the Udesk id, External ID and Unique: makes creates safe to repeat'),
  fields: z
    .record(z.string(), z.union([apiName, z.array(apiName).min(1)]))
    .default({})
    .describe('name used under `fields` → API name; for emails and phones a list of fields, one value each'),
  onCreate: z
    .record(apiName, z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe('what every new record holds besides: Company for leads, a record type'),
  duplicateRules: z
    .enum(['respect', 'allow'])
    .default('respect')
    .describe('allow: save in spite of a duplicate rule that only alerts'),
  history: z
    .boolean()
    .default(false)
    .describe('field history tracking is on for the mapped fields: it shows what a write replaced'),
  ownUser: z
    .boolean()
    .default(false)
    .describe('nobody and nothing else works as the user of these credentials'),
  overlapMs: z
    .int()
    .nonnegative()
    .default(600_000)
    .describe('how far each look at the changes reaches back: a transaction may take ten minutes'),
  bulkAbove: z
    .int()
    .nonnegative()
    .default(20_000)
    .describe('from so many records on, a full reading is a job of Bulk API 2.0'),
  limits: z
    .strictObject({
      perMinute: z.int().min(1).default(300).describe('calls in every sliding minute, retries included'),
      concurrency: z.int().min(1).max(25).default(4),
      dailyShare: z
        .number()
        .min(0.05)
        .max(1)
        .default(0.8)
        .describe('of the calls that the org has in 24 hours, by all its programs together'),
    })
    .prefault({}),
});

export type SalesforceConfig = z.output<typeof salesforceConfigSchema>;
