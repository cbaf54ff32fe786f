import { type CertificateDescription } from './certificate-description';
import { CertificateError } from './pki.errors';
import { publicKeyFault } from './public-key';
import { validityFault } from './validity';

const WEAK_HASHES = new Set(['SHA-1', 'MD5', 'MD4', 'MD2']);

/**
 * Refuses what must never become a client identity: expired certificates, weak keys, forgeable signatures.
 * A certificate that is not valid yet passes, because administrators prepare a change ahead of time.
 * @throws CertificateError
 */
export function assertAcceptableCertificate(certificate: CertificateDescription, now: Date): void {
  const validity = validityFault(certificate, now);
  if (validity?.kind === 'expired') {
    throw new CertificateError(
      'certificate_expired',
      `The certificate expired at ${validity.clocks}. Make a new one and hand that in.`,
    );
  }
  const fault = publicKeyFault(certificate.publicKey);
  if (fault !== undefined) throw new CertificateError(`certificate_key_${fault.kind}`, fault.message);
  if (certificate.signatureHash !== undefined && WEAK_HASHES.has(certificate.signatureHash)) {
    throw new CertificateError(
      'certificate_signature_too_weak',
      `The certificate is signed with ${certificate.signatureHash}, which can be forged. Use SHA-256 or better.`,
    );
  }
}
