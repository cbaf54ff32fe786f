import createClient from 'openapi-fetch';

import { isBackground } from './activity';
import { Problem } from './problem';
import { type paths } from './schema';
import { currentCsrfToken, sessionEnded } from './session';

/** The slowest operation executes a shred plan for 15 seconds at a time; a check of a root key makes a dozen calls. */
const PATIENCE_MS = 60_000;

/** The tenant API through the session of the console: same operations, same rights, the user's own token behind it. */
export const api = createClient<paths>({ baseUrl: '/console/api', fetch: askServer });

api.use({
  onRequest({ request }) {
    if (request.method === 'GET') {
      if (isBackground()) request.headers.set('x-background', '1');
      return;
    }
    request.headers.set('x-csrf-token', currentCsrfToken());
    // The contract names merge patches; the client library says JSON of every body.
    if (request.method === 'PATCH') request.headers.set('content-type', 'application/merge-patch+json; charset=utf-8');
  },
  async onResponse({ response }) {
    if (response.ok) return;
    if (response.status === 401) sessionEnded();
    throw Problem.from(response, await response.text());
  },
});

async function askServer(request: Request): Promise<Response> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await fetch(new Request(request, { signal: AbortSignal.any([request.signal, patience]) }));
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw Problem.unanswered(patience.aborted ? 'slow' : 'unreachable');
  }
}

/** What a call answered with. @throws Problem when it was refused, or nobody answered */
export async function answerOf<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data } = await call;
  // Refusals were thrown, and what answers without a body is typed as such.
  return data as T;
}

interface Page {
  readonly next?: { readonly start: string };
}

/** All pages of a collection that is small by its quota. @param ask is given the token of the page to return */
export async function allOf<P extends Page, T>(
  ask: (start: { start?: string }) => Promise<{ data?: P; response: Response }>,
  itemsOf: (page: P) => readonly T[],
): Promise<readonly T[]> {
  const items: T[] = [];
  let start: string | undefined;
  do {
    const page: P = await answerOf(ask(start === undefined ? {} : { start }));
    items.push(...itemsOf(page));
    start = page.next?.start;
  } while (start !== undefined);
  return items;
}
