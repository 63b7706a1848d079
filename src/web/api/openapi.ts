/** The OpenAPI document, made from the endpoints. */
import { z } from 'zod';
import { problem } from './contract.ts';
import type { Endpoint } from './endpoint.ts';

type Json = Record<string, unknown>;

export function openApi(version: string, endpoints: readonly Endpoint[]): Json {
  const paths: Record<string, Json> = {};
  for (const one of endpoints) {
    const path = `/api/v1${one.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: operation(one) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'udesk-sync',
      version,
      description:
        'Customers kept in step between Udesk and a CRM: conflicts, identity, records set aside, plans, and what people decide about them. Examples: docs/api.md.',
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'http.auth.tokens' } },
      schemas: { Problem: schema(problem) },
    },
    security: [{ bearer: [] }],
    paths,
  };
}

function operation({
  operationId,
  summary,
  access,
  method,
  path,
  query,
  body,
  answer,
  also,
}: Endpoint): Json {
  const refused = {
    description: 'Not done, and why',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  const json = answer === null ? {} : { 'application/json': { schema: schema(answer) } };
  const more = Object.fromEntries(also.map((type) => [type, { schema: { type: 'string' } }]));
  return {
    operationId,
    summary,
    description: `Role: ${access} or above.`,
    parameters: [
      ...[...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
        ...{ name, in: 'path', required: true, schema: { type: 'string' } },
      })),
      ...(query === null ? [] : queryParams(query)),
      ...(method === 'GET' ? [] : [KEY]),
    ],
    ...(body === null
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: schema(body, 'input') } } },
        }),
    responses: {
      200: { description: 'Done', content: { ...json, ...more } },
      default: refused,
    },
  };
}

const KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 200 },
  description: 'The same key with the same request is done once, and answered the same, for a day.',
};

function queryParams(query: z.ZodObject): Json[] {
  const { properties, required = [] } = schema(query, 'input') as {
    properties: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    ...{ name, in: 'query', required: required.includes(name), schema: property },
  }));
}

function schema(type: z.ZodType, io: 'input' | 'output' = 'output'): Json {
  const {
    $schema: _,
    '~standard': __,
    ...rest
  } = z.toJSONSchema(type, { io, unrepresentable: 'any' }) as Json;
  return rest;
}
