import { type HandshakeFailure } from './handler';
import { handshakeFailureOf } from './handshake-failure';

describe('handshakeFailureOf', () => {
  it.each<[string, HandshakeFailure]>([
    ['ECONNRESET', 'closed_by_peer'],
    ['ERR_SSL_HTTP_REQUEST', 'plain_http'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'not_tls'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'unsupported_version'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'unsupported_version'],
    ['ERR_SSL_NO_SHARED_CIPHER', 'no_shared_cipher'],
    ['ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY', 'no_shared_cipher'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'server_certificate_distrusted'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'server_certificate_distrusted'],
    ['ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE', 'server_certificate_distrusted'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'server_certificate_distrusted'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'server_certificate_distrusted'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', 'server_certificate_distrusted'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'rejected_by_peer'],
    ['ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR', 'rejected_by_peer'],
    ['ERR_SSL_WRONG_CURVE', 'client_certificate_unusable'],
    ['ERR_SSL_BAD_SIGNATURE', 'client_certificate_unusable'],
    ['ERR_OSSL_ASN1_HEADER_TOO_LONG', 'client_certificate_unusable'],
    ['ERR_SSL_INTERNAL_ERROR', 'other'],
  ])('%s is %s', (code, failure) => {
    expect(handshakeFailureOf(Object.assign(new Error('tls'), { code }))).toBe(failure);
  });

  it.each([undefined, new Error('no code'), { code: 7 }])('%s is other', (error) => {
    expect(handshakeFailureOf(error)).toBe('other');
  });
});
