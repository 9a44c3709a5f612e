import express, { type RequestHandler } from 'express';

const NOT_READ = Object.assign(new Error('The body does not say that it is JSON'), { status: 400 });

/** Whether a message has a body (RFC 9112 section 6.3). */
const hasBody = ({ headers }: Parameters<RequestHandler>[0]): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** What a body of another type says would be lost without a word where all of its fields may be left out. */
const refuseUnread: RequestHandler = (request, _response, next) =>
  request.body === undefined && hasBody(request) ? next(NOT_READ) : next();

/** Reads a body of JSON up to that size, such as `64kb`; another than JSON is refused with 400. */
export const jsonBody = (limit: string): RequestHandler[] => [express.json({ limit }), refuseUnread];
