import createClient, { type Client } from 'openapi-fetch';

import { type paths } from './schema';
import { TenantApiError } from './tenant-api.error';

/** The tenant API, as its contract says: `api.GET('/v1/instances/{id}', { params: { path: { id } } })`. */
export type TenantApi = Client<paths>;

export interface TenantApiOptions {
  /** Of the service, without a path. */
  readonly url: string;
  /** A bearer token, asked for before each request: who gives it may keep it as long as it is valid. */
  readonly token: () => Promise<string>;
  /** Where the runtime's own does not do: a certificate authority of one's own, a pinned certificate. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Told of each request that changes something, before it is sent. */
  readonly onChange?: () => void;
}

/** A typed client of the tenant API. Whatever is no success is thrown as a {@link TenantApiError}. */
export function tenantApi({ url, token, fetch, onChange }: TenantApiOptions): TenantApi {
  const api = createClient<paths>({ baseUrl: url, ...(fetch && { fetch }) });
  api.use({
    async onRequest({ request }) {
      request.headers.set('authorization', `Bearer ${await token()}`);
      // The contract names merge patches; the client library says JSON of every body.
      if (request.method === 'PATCH')
        request.headers.set('content-type', 'application/merge-patch+json; charset=utf-8');
      if (request.method !== 'GET') onChange?.();
    },
    async onResponse({ response }) {
      if (!response.ok) throw TenantApiError.from(response, await response.text());
    },
  });
  return api;
}

/** What a call answered with. @throws TenantApiError when it was refused */
export async function answerOf<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data } = await call;
  // Refusals were thrown, and what answers without a body is typed as such.
  return data as T;
}

interface Page {
  readonly next?: { readonly start: string };
}

/** All pages of a collection, one after the other. @param ask is given the token of the page to return */
export async function* pagesOf<P extends Page>(
  ask: (start: string | undefined) => Promise<{ data?: P; response: Response }>,
): AsyncGenerator<P> {
  let start: string | undefined;
  do {
    const page: P = await answerOf(ask(start));
    yield page;
    start = page.next?.start;
  } while (start !== undefined);
}
