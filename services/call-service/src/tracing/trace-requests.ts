import { Traceparent } from '@trunkline/contract';
import type { RequestHandler, Response } from 'express';

/** What a caller of REST has begun goes on here (W3C Trace Context). */
export const heedTraceparent: RequestHandler = (request, response, next) => {
  response.locals['traceparent'] = Traceparent.safeParse(request.get('traceparent')).data;
  next();
};

export const traceparentOf = (response: Response): { traceparent?: Traceparent } => {
  const traceparent = response.locals['traceparent'] as Traceparent | undefined;
  return traceparent === undefined ? {} : { traceparent };
};
