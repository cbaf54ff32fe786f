import { type TransportLimitName } from '@lib/kmip-transport';

const CLOSE_SOME = 'Close connections that are not needed, and connect again.';

/**
 * What a client over a limit of the listener is told, for its administrator. Those of the time before the handshake are
 * told to nobody: there is no KMIP yet.
 */
export const LIMIT_TEXTS: Readonly<Record<TransportLimitName, string>> = {
  connections: 'This KMIP endpoint has as many connections as it may have. Try again, or use the other endpoint.',
  half_open: 'Too many connections to this KMIP endpoint are in their handshake. Try again.',
  half_open_per_address: 'Too many connections from this address are in their handshake. Try again.',
  strangers:
    'Too many clients that this KMIP endpoint does not know are connected. Add the certificate to your instance.',
  strangers_per_address:
    'Too many clients behind this address are not known to this KMIP endpoint. Add the certificate to your instance.',
  connections_per_certificate: `Clients with this certificate have as many connections as they may have. ${CLOSE_SOME}`,
  connections_per_owner: `The clients of this KMIP instance have as many connections as they may have. ${CLOSE_SOME}`,
  connections_per_account: `The KMIP instances of this account have as many connections as they may have. ${CLOSE_SOME}`,
  large_requests: 'Too many large requests are under way. Try again.',
};
