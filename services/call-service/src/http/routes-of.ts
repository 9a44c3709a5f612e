import type { Express, Router } from 'express';

/** As much of express's stack (of `router` 2) as names its routes. */
interface Layer {
  route?: { path: string; methods: Readonly<Record<string, boolean>> };
  handle: Partial<Router>;
}

const routesIn = (stack: readonly Layer[]): string[] =>
  stack.flatMap(({ route, handle }) => {
    if (route !== undefined) return Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`);
    return routesIn((handle.stack ?? []) as unknown as Layer[]);
  });

/** Every route that the app answers, as `GET /api/v1/calls/:callId`. */
export const routesOf = (app: Express): string[] => routesIn(app.router.stack as unknown as Layer[]);
