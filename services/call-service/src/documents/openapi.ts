import { CallId, ChatId, ERRORS, ErrorCode, RequestId, UserId } from '@trunkline/contract';
import { createJsonSchemas, type JsonSchema, type JsonSchemaOptions, type JsonSchemas } from '@trunkline/service-kit';
import { z } from 'zod';
import { type Answer, type Operation, TAGS } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { inSnakeCase } from './snake-case.ts';

const PATH_PARAMETERS: Readonly<Record<string, z.ZodType>> = {
  callId: CallId.describe('A call'),
  chatId: ChatId.describe('A chat'),
  userId: UserId.describe('A user, as the `sub` of their tokens'),
  id: z.uuid(),
  name: z.string().describe('The name of a key'),
};

const EnvelopedError = z.object({ success: z.literal(false), message: z.string(), data: z.null() }).meta({ id: 'EnvelopedError' });
const PlainError = z
  .object({ error: z.object({ code: ErrorCode, message: z.string(), field: z.string().optional() }) })
  .meta({ id: 'Error' });

const SECURITY: Readonly<Record<Operation['asks'], object[]>> = {
  user: [{ user: [] }],
  server: [{ server: [] }],
  user_or_server: [{ user: [] }, { server: [] }],
  nobody: [],
};

const refusalsOf = ({ asks, body, query, idempotent, refusals = [], tag }: Operation, isEnveloped: boolean): ErrorCode[] => {
  if (tag === 'operations') return [];
  const codes: ErrorCode[] = ['unauthorized', 'service_error', ...refusals];
  if (asks !== 'nobody') codes.push('unauthenticated');
  if (asks.startsWith('user')) codes.push('rate_limited');
  if (body !== undefined || query !== undefined || idempotent || isEnveloped) codes.push('parse_error');
  return ErrorCode.options.filter((code) => codes.includes(code));
};

const json = (schema: JsonSchema) => ({ 'application/json': { schema } });

const pathOf = (path: string): string => path.replace(/:(\w+)/g, '{$1}');

type Parameter = Readonly<Record<string, unknown>>;

const parametersOf = (path: string, { query, idempotent }: Operation, schemas: JsonSchemas): Parameter[] => {
  const named = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const schema = PATH_PARAMETERS[name];
    if (schema === undefined) throw new Error(`PATH_PARAMETERS of openapi.ts does not say what :${name} of ${path} is`);
    return { name, in: 'path', required: true, schema: schemas.of(schema, 'input') };
  });
  const asked = Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const required = !(schema as z.ZodType).safeParse(undefined).success;
    return { name, in: 'query', required, schema: schemas.of(schema as z.ZodType, 'input') };
  });
  const description = 'Sent again with the same key, a request gets its first answer; another one under it is a `conflict`.';
  const key = { name: 'Idempotency-Key', in: 'header', description };
  return [...named, ...asked, ...(idempotent ? [{ ...key, schema: schemas.of(RequestId, 'input') }] : [])];
};

const bodyOf = ({ body, bodyOptional, snakeCase }: Operation, schemas: JsonSchemas) => {
  if (body === undefined) return {};
  const schema = schemas.of(body, 'input');
  return { requestBody: { required: bodyOptional !== true, content: json(snakeCase ? inSnakeCase(schema) : schema) } };
};

const responsesOf = (operation: Operation, isEnveloped: boolean, schemas: JsonSchemas) => {
  const answered = ({ what, schema, mediaType }: Answer) => {
    if (mediaType !== undefined) return { description: what, content: { [mediaType]: { schema: { type: 'string' } } } };
    if (schema === undefined) return { description: what };
    const whole = isEnveloped ? z.object({ success: z.literal(true), message: z.string(), data: schema }) : schema;
    return { description: what, content: json(schemas.of(whole, 'output')) };
  };
  const byStatus = Object.groupBy(refusalsOf(operation, isEnveloped), (code) => ERRORS[code].http);
  const refused = Object.entries(byStatus).map(([status, codes = []]) => [
    status,
    {
      description: codes.map((code) => `\`${code}\`: ${ERRORS[code].message}.`).join(' '),
      headers: { 'x-error-code': { schema: { type: 'string', enum: codes } } },
      content: json(schemas.of(isEnveloped ? EnvelopedError : PlainError, 'output')),
    },
  ]);
  const given = Object.entries(operation.answers).map(([status, answer]) => [status, answered(answer)]);
  return Object.fromEntries([...given, ...refused]);
};

const operationId = (method: string, path: string): string =>
  [method.toLowerCase(), ...path.split(/\W+/).filter((part) => !['', 'api', 'v1'].includes(part))].join('_');

const operationOf = (method: string, path: string, operation: Operation, schemas: JsonSchemas) => {
  const isEnveloped = path.startsWith('/api/');
  const { tag, summary, description, asks } = operation;
  return {
    operationId: operationId(method, path),
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: SECURITY[asks],
    parameters: parametersOf(path, operation, schemas),
    ...bodyOf(operation, schemas),
    responses: responsesOf(operation, isEnveloped, schemas),
  };
};

/** The REST API as OpenAPI 3.1, from the schemas that the routes go by. */
export const openApiDocument = (options?: JsonSchemaOptions) => {
  const schemas = createJsonSchemas(options);
  const paths: Record<string, Record<string, ReturnType<typeof operationOf>>> = {};
  for (const [route, operation] of Object.entries(OPERATIONS)) {
    const [method = '', path = ''] = route.split(' ');
    const name = pathOf(path);
    paths[name] = { ...paths[name], [method.toLowerCase()]: operationOf(method, path, operation, schemas) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Trunkline',
      version: '1',
      description:
        'Call signalling, chat and push. Sockets are described in `/asyncapi.json`. Every error carries its code in the header `x-error-code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        user: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A user’s token, signed by the app’s backend' },
        server: { type: 'http', scheme: 'bearer', description: 'A server API key' },
      },
      schemas: schemas.components,
    },
  };
};
