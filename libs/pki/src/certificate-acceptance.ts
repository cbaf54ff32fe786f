import { type CertificateDescription } from './certificate-description';
import { CertificateError } from './pki.errors';
import { type PublicKeyDescription } from './public-key';

const MIN_RSA_BITS = 2048;
const MIN_EC_BITS = 256;
const WEAK_HASHES = new Set(['SHA-1', 'MD5', 'MD4', 'MD2']);

/**
 * Refuses what must never become a client identity: expired certificates, weak keys, forgeable signatures.
 * A certificate that is not valid yet passes, because administrators prepare a change ahead of time.
 * @throws CertificateError
 */
export function assertAcceptableCertificate(certificate: CertificateDescription, now: Date): void {
  if (certificate.notAfter <= now) {
    throw new CertificateError(
      'certificate_expired',
      `The certificate expired on ${certificate.notAfter.toISOString()}. Make a new one and hand that in.`,
    );
  }
  const weakness = publicKeyWeakness(certificate.publicKey);
  if (weakness !== undefined) {
    throw new CertificateError(
      weakness === 'unsupported' ? 'certificate_key_unsupported' : 'certificate_key_too_weak',
      weakness === 'unsupported'
        ? 'The key of the certificate is of a type that is not supported. Use RSA (2048 bits or more), EC (P-256 or more) or Ed25519.'
        : 'The key of the certificate is too weak. Use RSA with 2048 bits or more, or EC with P-256 or more.',
    );
  }
  if (certificate.signatureHash !== undefined && WEAK_HASHES.has(certificate.signatureHash)) {
    throw new CertificateError(
      'certificate_signature_too_weak',
      `The certificate is signed with ${certificate.signatureHash}, which can be forged. Use SHA-256 or better.`,
    );
  }
}

export function publicKeyWeakness(key: PublicKeyDescription): 'weak' | 'unsupported' | undefined {
  switch (key.type) {
    case 'rsa':
    case 'rsa-pss':
      return (key.bits ?? 0) < MIN_RSA_BITS ? 'weak' : undefined;
    case 'ec':
      return (key.bits ?? 0) < MIN_EC_BITS ? 'weak' : undefined;
    case 'ed25519':
      return undefined;
    case 'other':
      return 'unsupported';
  }
}
