/** The OpenAPI document, made from the contract. */
import { z } from 'zod';
import {
  bulkAnswer,
  bulkBody,
  conflictDetail,
  conflictList,
  decisionBody,
  listParams,
  problem,
} from './contract.ts';

type Json = Record<string, unknown>;

export function openApi(version: string): Json {
  const idParam = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
  const keyParam = {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    schema: { type: 'string', maxLength: 200 },
    description: 'The same key with the same request is answered once, and with the same answer, for a day.',
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'udesk-sync',
      version,
      description: 'Conflicts between Udesk and the CRM, and what people decide about them.',
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'http.auth.tokens' } },
      schemas: { Problem: schema(problem) },
    },
    security: [{ bearer: [] }],
    paths: {
      '/api/v1/conflicts': {
        get: operation('listConflicts', 'Conflicts that fit, page by page', conflictList, {
          parameters: queryParams(),
        }),
      },
      '/api/v1/conflicts/{id}': {
        get: operation('getConflict', 'One conflict, and what each choice would write', conflictDetail, {
          parameters: [idParam],
        }),
      },
      '/api/v1/conflicts/{id}/decision': {
        post: operation('decide', 'Decide; the next cycle carries it out (role reviewer)', conflictDetail, {
          parameters: [idParam, keyParam],
          requestBody: body(decisionBody),
        }),
        delete: operation(
          'withdraw',
          'Take a decision back that nothing was sent for (role reviewer)',
          conflictDetail,
          {
            parameters: [idParam],
          },
        ),
      },
      '/api/v1/decisions': {
        post: operation('decideMany', 'Decide many at once (role reviewer)', bulkAnswer, {
          parameters: [keyParam],
          requestBody: body(bulkBody),
        }),
      },
    },
  };
}

function operation(operationId: string, summary: string, answer: z.ZodType, more: Json): Json {
  const refused = {
    description: 'Not done',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return {
    operationId,
    summary,
    ...more,
    responses: {
      200: { description: 'Done', content: { 'application/json': { schema: schema(answer) } } },
      default: refused,
    },
  };
}

function body(type: z.ZodType): Json {
  return { required: true, content: { 'application/json': { schema: schema(type, 'input') } } };
}

function queryParams(): Json[] {
  const { properties } = schema(listParams, 'input') as { properties: Record<string, Json> };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: 'query',
    required: false,
    schema: property,
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
