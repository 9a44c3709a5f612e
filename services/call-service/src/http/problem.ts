import type { z } from 'zod';

/** The first thing that is wrong with a request, named by its field. */
export const problemIn = (error: z.ZodError): string => {
  const [issue] = error.issues;
  return issue === undefined ? 'the request is not understood' : [...issue.path.map(String), issue.message].join(': ');
};
