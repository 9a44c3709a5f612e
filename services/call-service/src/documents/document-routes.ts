import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { type RequestHandler, type Response, type Router } from 'express';
import { openApiDocument } from './openapi.ts';

/** Where the viewer's package keeps what a browser needs of it. */
const viewerFolder = (): string => dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const VIEWER_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'] as const;

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Trunkline: REST API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="viewer"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#viewer', deepLinking: true, validatorUrl: null, syntaxHighlight: false });\n`;

/** Nothing from elsewhere, and nobody may frame it. The viewer styles what it draws, so inline styles are let in. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const guardPage: RequestHandler = (_request, response, next) => {
  response.set({ 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  next();
};

const CACHED_SECONDS = 300;

/** `read` is called once, when the document is first asked for. */
const document = (read: () => string): RequestHandler => {
  let text: string | null = null;
  return (_request, response: Response) => {
    text ??= read();
    response
      .set({ 'cache-control': `public, max-age=${CACHED_SECONDS}`, 'access-control-allow-origin': '*' })
      .type('json')
      .send(text);
  };
};

/** What can be asked of Trunkline, for programs and, at `/docs`, for people. Open to everybody: it says nothing of anybody. */
export const documentRoutes = (): Router => {
  const routes = express.Router();
  routes.get(
    '/openapi.json',
    document(() => JSON.stringify(openApiDocument())),
  );
  routes.get(
    '/asyncapi.json',
    document(() => readFileSync(new URL('asyncapi.json', import.meta.url), 'utf8')),
  );
  routes.get('/docs', guardPage, (_request, response) => void response.type('html').send(PAGE));
  routes.get('/docs/start.js', guardPage, (_request, response) => void response.type('js').send(START));
  const root = viewerFolder();
  for (const file of VIEWER_FILES)
    routes.get(`/docs/${file}`, guardPage, (_request, response) => response.sendFile(file, { root, maxAge: CACHED_SECONDS * 1000 }));
  return routes;
};
