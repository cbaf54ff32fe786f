import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';

import { CLIENT_KEY_CURVES, type CertificateFingerprint, type Secret, toFingerprint } from '@lib/kernel';

import { TransportError } from './transport.error';

/** Certificate and key a listener presents. */
export interface ListenerCertificate {
  /** Leaf first, intermediates behind. */
  readonly certificatePem: string;
  readonly privateKeyPem: Secret;
}

/** Forward secrecy and authenticated encryption, strongest first. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

/**
 * For key exchange, best first. In TLS 1.2 they are also the curves that a client's certificate may be on (RFC 8422
 * §5.1.1), so each that registration accepts has to be here.
 */
const GROUPS = ['X25519', ...CLIENT_KEY_CURVES.map(({ name }) => name)].join(':');

/** What vCenter 7 negotiates and the KMIP 1.x profiles demand: RSA key exchange, no forward secrecy. */
const LEGACY_CIPHERS = ['AES256-SHA256', 'AES128-SHA256'];

export const isLegacyCipher = (cipher: string): boolean => LEGACY_CIPHERS.includes(cipher);

/** The part of the settings that can be replaced while the listener runs. */
export function contextSettings(certificate: ListenerCertificate, legacyCiphers: boolean): SecureContextOptions {
  return {
    cert: certificate.certificatePem,
    key: certificate.privateKeyPem.expose(),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: [...CIPHERS, ...(legacyCiphers ? LEGACY_CIPHERS : [])].join(':'),
    honorCipherOrder: true,
    ecdhCurve: GROUPS,
    // A ticket would let its bearer in without the client's key, past a certificate that was removed meanwhile.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
    // Explicit, so that a client that tries to resume at any replica falls back to a full handshake.
    sessionIdContext: 'kmip',
  };
}

/**
 * Asks every client for a certificate and lets any through: who may do what is decided by fingerprint. There is no
 * `ca`, because its names would be shown to every stranger.
 */
export function serverSettings(certificate: ListenerCertificate, legacyCiphers: boolean): TlsOptions {
  return {
    ...contextSettings(certificate, legacyCiphers),
    requestCert: true,
    rejectUnauthorized: false,
    // No handshakeTimeout: Node only reports it and leaves the socket open. IncomingConnection keeps the time.
  };
}

/** @throws TransportError when key and certificate cannot be used together. */
export function assertUsable(certificate: ListenerCertificate, legacyCiphers: boolean): void {
  let fits: boolean;
  try {
    createSecureContext(contextSettings(certificate, legacyCiphers));
    // OpenSSL takes a key of another type than the certificate's without a word, and then fails every handshake.
    const key = createPrivateKey(certificate.privateKeyPem.expose());
    fits = new X509Certificate(certificate.certificatePem).checkPrivateKey(key);
  } catch (cause) {
    throw new TransportError('kmip_certificate_unusable', 'The certificate or key of the KMIP listener is damaged.', {
      cause,
    });
  }
  if (!fits) {
    throw new TransportError(
      'kmip_certificate_unusable',
      'The private key of the KMIP listener does not belong to its certificate.',
    );
  }
}

/** SHA-256 over the DER of the certificate that a client sees and pins. */
export function leafFingerprint({ certificatePem }: ListenerCertificate): CertificateFingerprint {
  return toFingerprint(new X509Certificate(certificatePem).fingerprint256);
}
