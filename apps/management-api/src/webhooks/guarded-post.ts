import { Resolver } from 'node:dns/promises';
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';

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
  readonly resolve?: (hostname: string, signal: AbortSignal) => Promise<readonly ResolvedAddress[]>;
  /** Which addresses may be connected to. */
  readonly isAllowed?: (address: string) => boolean;
  /** In place of what a delivery has, for tests. */
  readonly deadlineMs?: number;
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

const NAME_SERVERS = { timeout: 2_000, tries: 2 } as const;

/**
 * By the name servers alone, and without the few threads of getaddrinfo: names whose servers do not answer would occupy
 * them, and everything else that needs one would wait.
 */
async function resolveAll(hostname: string, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
  const family = isIP(hostname);
  if (family !== 0) return [{ address: hostname, family }];
  const resolver = new Resolver(NAME_SERVERS);
  const cancel = (): void => {
    resolver.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const found = [
      ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
      ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
    ];
    if (found.length === 0 && v4.status === 'rejected') throw v4.reason;
    return found;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

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
  const addresses = await resolve(hostname, signal);
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
        // Nobody reads what follows, however long it is.
        response.destroy();
        const { statusCode: status = 0 } = response;
        const retryAfter = response.headers['retry-after'];
        settle({ status, ...(retryAfter === undefined ? {} : { retryAfter }) });
      },
    );
    posted.on('error', reject);
    // A connection that its peer turns into something else (101) ends with neither an answer nor an error.
    posted.on('close', () => {
      reject(new Error('the connection ended without an answer'));
    });
    posted.end(body);
  });
}
