import express, { type Request, type Response, type Router } from 'express';

export interface ConsoleOptions {
  /** Where the built console is. */
  folder: string;
  /** Gateways that its phones may choose from; none: sockets are where the console is. */
  gatewayUrls: readonly string[];
}

/** The pages of the console, which are behind `#/`. */
export const CONSOLE_PAGES: ReadonlySet<string> = new Set(['playground', 'live', 'calls', 'pushes', 'users']);

const YEAR_SECONDS = 31_536_000;

const asWebSocket = (url: string): string => url.replace(/^http/, 'ws');

/** Nothing inline, nothing from elsewhere: what a caller calls itself can only ever be text. */
const policyFor = (gatewayUrls: readonly string[]): string => {
  const origins = gatewayUrls.map((url) => new URL(url).origin);
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "media-src 'self' blob:",
    "manifest-src 'self'",
    ['connect-src', "'self'", ...origins, ...origins.map(asWebSocket)].join(' '),
    "frame-src 'self'",
    "frame-ancestors 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
};

/** File names under `assets/` carry a hash of what is in them. */
const cacheFor = (path: string): string => (/[\\/]assets[\\/]/.test(path) ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache');

/** The console's pages at `/console/`: files that hold no secret. What they show, they ask for with a key that a person enters. */
export const consoleRoutes = ({ folder, gatewayUrls }: ConsoleOptions): Router => {
  const routes = express.Router();
  const headers = {
    'content-security-policy': policyFor(gatewayUrls),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(self), microphone=(self), geolocation=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  routes.use('/console', (_request, response, next) => {
    response.set(headers);
    next();
  });
  routes.get('/console/settings.json', (_request, response) => {
    response.set('cache-control', 'no-cache').json({ gatewayUrls });
  });
  const setHeaders = (response: Response, path: string): void => void response.set('cache-control', cacheFor(path));
  routes.use('/console', express.static(folder, { setHeaders, dotfiles: 'ignore' }));
  routes.get('/console/:page{/:id}', (request: Request, response, next) => {
    const { page, id } = request.params;
    if (!CONSOLE_PAGES.has(String(page))) return next();
    const parts = [page, id].filter((part) => typeof part === 'string');
    response.redirect(`/console/#/${parts.map(encodeURIComponent).join('/')}`);
  });
  return routes;
};
