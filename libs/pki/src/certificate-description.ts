import { createHash, X509Certificate } from 'node:crypto';

import { type CertificateFingerprint, toFingerprint } from '@lib/kernel';

import { signatureHashOf } from './peculiar';
import { type PemFault, singlePemBlock } from './pem';
import { CertificateError } from './pki.errors';
import { describePublicKey, type PublicKeyDescription } from './public-key';
import { validityFault } from './validity';

const EKU_CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const DAY_MS = 24 * 60 * 60 * 1000;
const EXPIRES_SOON_DAYS = 30;

/** Things worth showing to an administrator that do not stop a certificate from working here. */
export const CERTIFICATE_WARNINGS = [
  /** Usual for certificates vCenter makes itself; some other KMIP servers refuse them. */
  'missing_extended_key_usage',
  'extended_key_usage_lacks_client_auth',
  'missing_subject_alternative_name',
  'not_yet_valid',
  'expires_soon',
  /** A CA was handed in: only a client that presents this very certificate is let in, not what it signed. */
  'certificate_authority',
] as const;

export type CertificateWarning = (typeof CERTIFICATE_WARNINGS)[number];

/** What there is to know about one certificate without judging it. Holds public data only. */
export interface CertificateDescription {
  /** SHA-256 over the DER: the identity of a client. */
  readonly fingerprint: CertificateFingerprint;
  /** SHA-1 over the DER, lower-case hex: the form vCenter shows. Never used to decide anything. */
  readonly sha1Fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: PublicKeyDescription;
  /** e.g. SHA-256; undefined where the algorithm brings its own (Ed25519) or is not known. */
  readonly signatureHash?: string;
  readonly subjectAlternativeName?: string;
  readonly selfIssued: boolean;
  readonly der: Buffer;
  readonly warnings: readonly CertificateWarning[];
}

/**
 * Reads one certificate: a text with exactly one in PEM, or DER with nothing behind it.
 * @throws CertificateError when it is not a certificate; judging keys and dates is assertAcceptableCertificate's.
 */
export function describeCertificate(source: string | Buffer, now: Date): CertificateDescription {
  const der = typeof source === 'string' ? singlePemBlock(source, 'certificate', refuse) : source;
  const { certificate, publicKey } = parse(der);
  const signatureHash = signatureHashOf(certificate.raw);
  const san = certificate.subjectAltName;
  return {
    fingerprint: toFingerprint(digest('sha256', certificate.raw)),
    sha1Fingerprint: digest('sha1', certificate.raw),
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    serialNumber: certificate.serialNumber.toLowerCase(),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    publicKey,
    ...(signatureHash === undefined ? {} : { signatureHash }),
    ...(san === undefined ? {} : { subjectAlternativeName: san }),
    selfIssued: certificate.subject === certificate.issuer,
    der: Buffer.from(certificate.raw),
    warnings: warningsOf(certificate, now),
  };
}

/** `ab12…` as `AB:12:…`, the form people compare on two screens. */
export function colonForm(fingerprint: string): string {
  return fingerprint.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:');
}

const refuse = (fault: PemFault, message: string): CertificateError =>
  new CertificateError(`certificate_${fault}`, message);

function parse(der: Buffer): { certificate: X509Certificate; publicKey: PublicKeyDescription } {
  let certificate: X509Certificate;
  let publicKey: PublicKeyDescription;
  try {
    certificate = new X509Certificate(der);
    // A certificate whose key OpenSSL cannot read throws here and not later.
    publicKey = describePublicKey(certificate.publicKey);
  } catch (cause) {
    throw new CertificateError('certificate_malformed', 'The certificate cannot be read: its encoding is damaged.', {
      cause,
    });
  }
  // OpenSSL ignores bytes behind the certificate; two inputs with one fingerprint would be confusing.
  if (!certificate.raw.equals(der)) {
    throw new CertificateError(
      'certificate_malformed',
      'The certificate is followed by bytes that do not belong to it.',
    );
  }
  return { certificate, publicKey };
}

function warningsOf(certificate: X509Certificate, now: Date): CertificateWarning[] {
  const warnings: CertificateWarning[] = [];
  // `keyUsage` of Node is the list of *extended* key usages; its type says array, v1 certificates say undefined.
  const extendedKeyUsage = certificate.keyUsage as readonly string[] | undefined;
  if (extendedKeyUsage === undefined) warnings.push('missing_extended_key_usage');
  else if (!extendedKeyUsage.includes(EKU_CLIENT_AUTH)) warnings.push('extended_key_usage_lacks_client_auth');
  if (certificate.subjectAltName === undefined) warnings.push('missing_subject_alternative_name');
  const [notBefore, notAfter] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  if (validityFault({ notBefore, notAfter }, now)?.kind === 'not_yet_valid') warnings.push('not_yet_valid');
  const remainingMs = notAfter.getTime() - now.getTime();
  if (remainingMs > 0 && remainingMs < EXPIRES_SOON_DAYS * DAY_MS) warnings.push('expires_soon');
  if (certificate.ca) warnings.push('certificate_authority');
  return warnings;
}

function digest(algorithm: 'sha256' | 'sha1', bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** Node prints one RDN a line and escapes control characters itself. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}
