/** The OpenAPI 3.1 document and the page that shows it, made from the schemas of the routes. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { createJsonSchemaTransform } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import { z } from 'zod';
import type { UploadTypes } from './call.ts';
import { problemSchema } from './problem.ts';

export type OpenApiDocument = OpenAPIV3_1.Document;

/** What is passed from a route to its operation, and is either kept as an extension or taken out again. */
interface Extensions {
  /** The smallest role that may call. */
  'x-role'?: string;
  'x-upload'?: UploadTypes;
}

type Operation = OpenAPIV3_1.OperationObject & Extensions;

const PROBLEM = 'Problem';
const TOKEN = 'token';
const METHODS = ['get', 'post', 'put', 'delete'] as const;

/** Scripts and styles of its own only: the page works without the internet. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Collects the routes that are declared from here on. */
export async function addOpenApi(app: FastifyInstance, version: string): Promise<void> {
  const toJsonSchema = createJsonSchemaTransform({});
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'api-anomaly control API',
        version,
        description: 'Train, inspect, decide. Errors are problem documents (RFC 9457) that say what to do.',
      },
      components: {
        securitySchemes: { [TOKEN]: { type: 'http', scheme: 'bearer', description: 'One of control.tokens.' } },
        schemas: { [PROBLEM]: z.toJSONSchema(problemSchema) as OpenAPIV3_1.SchemaObject },
      },
    },
    transform: (document) => {
      const { route } = document;
      const { access, upload } = route.config ?? {};
      const { schema, url } = toJsonSchema(document);
      const extended: FastifySchema & Extensions = {
        ...schema,
        ...(access !== undefined && access !== 'anyone' && { security: [{ [TOKEN]: [] }], 'x-role': access }),
        ...(upload !== undefined && { 'x-upload': upload }),
      };
      return { schema: extended, url };
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) throw new TypeError('the document is none of OpenAPI 3');
      const openapi = document.openapiObject as OpenApiDocument;
      for (const path of Object.values(openapi.paths ?? {})) {
        for (const method of METHODS) if (path?.[method] !== undefined) complete(path[method]);
      }
      return openapi;
    },
  });
}

/** `/openapi.json` and `/docs`. */
export async function addDocumentation(app: FastifyInstance): Promise<void> {
  let text: string | undefined;
  app.get(
    '/openapi.json',
    {
      config: { access: 'viewer', isPage: true },
      schema: { tags: ['service'], summary: 'This document, OpenAPI 3.1' },
    },
    (_, reply) => reply.type('application/json').send((text ??= JSON.stringify(app.swagger()))),
  );
  await app.register(async (pages) => {
    pages.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'viewer', isPage: true };
    });
    await pages.register(swaggerUi, { routePrefix: '/docs', staticCSP: PAGE_POLICY });
  });
}

function complete(operation: Operation): void {
  const upload = operation['x-upload'];
  delete operation['x-upload'];
  if (upload !== undefined) {
    const binary: OpenAPIV3_1.MediaTypeObject = { schema: { type: 'string', format: 'binary' } };
    const content = operation.requestBody === undefined ? {} : (operation.requestBody as OpenAPIV3_1.RequestBodyObject);
    operation.requestBody = {
      required: true,
      description: upload.meaning,
      content: { ...Object.fromEntries(upload.types.map((type) => [type, binary])), ...contentOf(content) },
    };
    if (upload.as !== 'stream') {
      const answer = Object.fromEntries(upload.types.map((type) => [type, binary]));
      operation.responses = { 200: { description: 'The same, annotated.', content: answer } };
    }
  }
  const responses = (operation.responses ??= {});
  if (responses['204'] !== undefined) responses['204'] = { description: 'Done.' };
  responses['default'] = {
    description: 'What was wrong and what to do.',
    content: { 'application/problem+json': { schema: { $ref: `#/components/schemas/${PROBLEM}` } } },
  };
}

function contentOf(body: Partial<OpenAPIV3_1.RequestBodyObject>): OpenAPIV3_1.RequestBodyObject['content'] {
  return body.content ?? {};
}
