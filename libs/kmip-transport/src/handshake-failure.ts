import { type HandshakeFailure } from './handler';

const BY_CODE = new Map<string, HandshakeFailure>([
  ['ECONNRESET', 'closed_by_peer'],
  ['EPIPE', 'closed_by_peer'],
  ['ERR_SSL_HTTP_REQUEST', 'plain_http'],
  ['ERR_SSL_HTTPS_PROXY_REQUEST', 'plain_http'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'not_tls'],
  ['ERR_SSL_UNKNOWN_PROTOCOL', 'not_tls'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'not_tls'],
  ['ERR_SSL_BAD_PACKET_LENGTH', 'not_tls'],
  ['ERR_SSL_UNEXPECTED_MESSAGE', 'not_tls'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'unsupported_version'],
  ['ERR_SSL_VERSION_TOO_LOW', 'unsupported_version'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'no_shared_cipher'],
]);

/** A closed vocabulary from OpenSSL's many codes. */
export function handshakeFailureOf(error: unknown): HandshakeFailure {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string') return 'other';
  return BY_CODE.get(code) ?? (code.includes('_ALERT_') ? 'rejected_by_peer' : 'other');
}
