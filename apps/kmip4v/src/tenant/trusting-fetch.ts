import { type TLSSocket } from 'node:tls';

import { toFingerprint } from '@lib/kernel';

import { readFileOrFault } from '../profiles/private-file';
import { type Profile } from '../profiles/profile';

type Fetch = (request: Request) => Promise<Response>;

/** No call of the tenant API takes longer; one that does is taken for lost. */
const TIMEOUT_MS = 120_000;

class PinnedCertificateDiffers extends Error {
  readonly code = 'PINNED_CERTIFICATE_DIFFERS';
}

/** Asks the service that the profile names, and no other: by Node's authorities, by one of its own, or by a pin. */
export async function trustingFetch({ caFile, pinnedSha256 }: Profile): Promise<Fetch> {
  if (caFile === undefined && pinnedSha256 === undefined) {
    return (request) => globalThis.fetch(request, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  }
  const ca = caFile === undefined ? undefined : await readFileOrFault(caFile);
  const undici = await import('undici');
  const connect = undici.buildConnector({ ...(ca && { ca }), rejectUnauthorized: pinnedSha256 === undefined });
  const dispatcher = new undici.Agent({
    connect: (options, connected) => {
      connect(options, (error, socket) => {
        if (error !== null) connected(error, null);
        // Before anything is sent: the token goes to the pinned server alone.
        else if (pinnedSha256 !== undefined && !isPinned(socket as TLSSocket, pinnedSha256)) {
          socket.destroy();
          connected(new PinnedCertificateDiffers('the server shows another certificate'), null);
        } else connected(null, socket);
      });
    },
  });
  return async (request) => {
    const body = request.body === null ? undefined : await request.text();
    const {
      status,
      headers,
      body: answer,
    } = await undici.fetch(request.url, {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      ...(body !== undefined && { body }),
      dispatcher,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    // Of the library that Node has inside, as everybody else expects it.
    return new Response(answer, { status, headers: Object.fromEntries(headers) });
  };
}

function isPinned(socket: TLSSocket, pin: string): boolean {
  const shown = 'getPeerX509Certificate' in socket ? socket.getPeerX509Certificate()?.fingerprint256 : undefined;
  return shown !== undefined && toFingerprint(shown) === toFingerprint(pin);
}
