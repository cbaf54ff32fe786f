import { lookup } from 'node:dns/promises';
import { Agent, request } from 'node:https';

import { isPublicAddress } from './public-address';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface GuardedPost {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  readonly retryAfter?: string;
}

export interface GuardedPostOptions {
  /** All addresses of a name. */
  readonly resolve?: (hostname: string) => Promise<readonly ResolvedAddress[]>;
  /** Which addresses may be connected to. */
  readonly isAllowed?: (address: string) => boolean;
  /** Authorities in place of the system's, for tests. */
  readonly ca?: string;
}

/** The answer of nobody: what was asked for may not be called. */
export class AddressRefused extends Error {
  constructor(readonly address: string) {
    super('the name leads to an address that is none of the internet');
    this.name = 'AddressRefused';
  }
}

/** An answer is looked at for its status alone; nobody's long one is read. */
const MAXIMUM_ANSWER_BYTES = 4_096;

const resolveAll = (hostname: string): Promise<readonly ResolvedAddress[]> =>
  lookup(hostname, { all: true, verbatim: true });

/**
 * Posts to an address that somebody else chose. The name is resolved once, every address that it has must be one of the
 * internet, and it is that very address that is connected to: a name that changes between the look and the call (DNS
 * rebinding) changes nothing. The certificate must be of the name. No redirect is followed, no proxy asked, no connection
 * kept, and nothing of the answer is given back but its status.
 * @throws AddressRefused, or what the connection came to
 */
export async function guardedPost(
  { url, headers, body, signal }: GuardedPost,
  { resolve = resolveAll, isAllowed = isPublicAddress, ca }: GuardedPostOptions = {},
): Promise<PostAnswer> {
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = await resolve(hostname);
  const closed = addresses.find(({ address }) => !isAllowed(address));
  if (closed !== undefined) throw new AddressRefused(closed.address);
  const [chosen] = addresses;
  if (chosen === undefined) throw new Error('the name has no address');
  return new Promise((settle, reject) => {
    const posted = request(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': String(body.length) },
        agent: new Agent({ keepAlive: false }),
        signal,
        ...(ca === undefined ? {} : { ca }),
        lookup: (_name, _options, found) => {
          found(null, [chosen]);
        },
      },
      (response) => {
        let length = 0;
        const { statusCode: status = 0 } = response;
        const retryAfter = response.headers['retry-after'];
        const done = (): void => {
          settle({ status, ...(retryAfter === undefined ? {} : { retryAfter }) });
          response.destroy();
        };
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > MAXIMUM_ANSWER_BYTES) done();
        });
        response.on('end', done);
        response.on('error', reject);
      },
    );
    posted.on('error', reject);
    posted.end(body);
  });
}
