import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { openApiDocument } from '../src/documents/openapi.ts';
import { HEALTH_OPERATIONS } from '../src/documents/operations/health-operations.ts';
import { OPERATIONS } from '../src/documents/operations.ts';
import { startRunningCallService } from './running-call-service.ts';

/** Of no interest to those who write apps: our own processes' door, the documents themselves, and what people look at. */
const UNDOCUMENTED = /^\w+ \/(?:internal|docs|console|openapi\.json|asyncapi\.json)(?:\/|$)/;

it('the document is valid OpenAPI 3.1', async () => {
  const document = JSON.parse(JSON.stringify(openApiDocument()));
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(await new Validator().validate(document)).toEqual({ valid: true });
  // The validator is one that can say no.
  delete document.info.title;
  expect(await new Validator().validate(document)).toMatchObject({ valid: false });
});

it('every route is in the document, and every operation of the document has a route', async () => {
  await using service = await startRunningCallService();
  const routes = service.routes.filter((route) => !UNDOCUMENTED.test(route));
  const documented = Object.keys(OPERATIONS).filter((route) => !(route in HEALTH_OPERATIONS));
  const missing = routes.filter((route) => !documented.includes(route));
  const gone = documented.filter((route) => !routes.includes(route));
  expect({ missing, gone }, 'say it in a file of src/documents/operations').toEqual({ missing: [], gone: [] });
});

it('operation ids differ', () => {
  const ids = Object.values(openApiDocument().paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  expect(new Set(ids).size).toBe(ids.length);
});

it('the document and its viewer are open, and the page lets in nothing from elsewhere', async () => {
  await using service = await startRunningCallService();
  const document = await fetch(`${service.url}/openapi.json`);
  expect(await document.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  const sockets = await fetch(`${service.url}/asyncapi.json`);
  expect(await sockets.json()).toMatchObject({ asyncapi: '3.0.0', channels: { onlycare: {}, chattrix: {}, otomo: {}, otsy: {} } });
  const page = await fetch(`${service.url}/docs`);
  const html = await page.text();
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe-eval');
  expect(policy).toMatch(/script-src 'self';/);
  const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
  expect(parts.length).toBeGreaterThan(3);
  for (const path of parts) {
    expect(path).toMatch(/^\/docs\//);
    const part = await fetch(`${service.url}${path}`);
    expect([path, part.status, (await part.bytes()).length > 0]).toEqual([path, 200, true]);
  }
  expect(html).not.toMatch(/<script>|<style>|\son\w+=/);
});
