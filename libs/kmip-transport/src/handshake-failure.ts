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
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'unsupported_version'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'no_shared_cipher'],
  ['ERR_SSL_NO_SUITABLE_KEY_SHARE', 'no_shared_cipher'],
  ['ERR_SSL_NO_SUITABLE_GROUPS', 'no_shared_cipher'],
  ['ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', 'no_shared_cipher'],
  ['ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS', 'no_shared_cipher'],
  ['ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY', 'no_shared_cipher'],
  // What the client showed of its own certificate, and its proof of owning the key.
  ['ERR_SSL_WRONG_CURVE', 'client_certificate_unusable'],
  ['ERR_SSL_WRONG_TAG', 'client_certificate_unusable'],
  ['ERR_SSL_WRONG_CERTIFICATE_TYPE', 'client_certificate_unusable'],
  ['ERR_SSL_UNKNOWN_CERTIFICATE_TYPE', 'client_certificate_unusable'],
  ['ERR_SSL_UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS', 'client_certificate_unusable'],
  ['ERR_SSL_SIGNATURE_FOR_NON_SIGNING_CERTIFICATE', 'client_certificate_unusable'],
  ['ERR_SSL_CERT_LENGTH_MISMATCH', 'client_certificate_unusable'],
  ['ERR_SSL_CERTIFICATE_VERIFY_FAILED', 'client_certificate_unusable'],
  ['ERR_SSL_BAD_SIGNATURE', 'client_certificate_unusable'],
  ['ERR_SSL_WRONG_SIGNATURE_TYPE', 'client_certificate_unusable'],
  ['ERR_SSL_WRONG_SIGNATURE_SIZE', 'client_certificate_unusable'],
]);

/** Alerts by which a client says that it does not accept the server's certificate (RFC 8446 §6.2). */
const DISTRUST = /_ALERT_(?:UNKNOWN_CA|(?:BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(?:UNKNOWN|EXPIRED|REVOKED))$/;
/** A certificate or key in it that OpenSSL cannot read; the code names the part of its library that gave up. */
const UNREADABLE = /^ERR_(?:OSSL_(?:ASN1|X509|EC|RSA|EVP|DECODER)_|SSL_ASN1)/;

/** A closed vocabulary from OpenSSL's many codes. */
export function handshakeFailureOf(error: unknown): HandshakeFailure {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string') return 'other';
  const known = BY_CODE.get(code);
  if (known !== undefined) return known;
  if (DISTRUST.test(code)) return 'server_certificate_distrusted';
  if (code.includes('_ALERT_')) return 'rejected_by_peer';
  return UNREADABLE.test(code) ? 'client_certificate_unusable' : 'other';
}
