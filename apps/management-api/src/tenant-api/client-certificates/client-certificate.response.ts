import { type CertificateWarning, describeCertificate, validityFault } from '@lib/pki';
import { type CertificateBirths, type ClientCertificate } from '@lib/tenancy';

import { withEntityTag } from '../versions';
import { birthsResponse } from './births.response';
import { type Activation } from './endpoint-confirmations';

const DAY_MS = 86_400_000;

const WARNINGS: Readonly<Record<CertificateWarning | 'expired', string>> = {
  missing_extended_key_usage: 'It has no extended key usage. vCenter makes such certificates; clients are accepted.',
  extended_key_usage_lacks_client_auth:
    'Its extended key usage does not name client authentication; clients are accepted.',
  missing_subject_alternative_name:
    'It has no subject alternative name. vCenter makes such certificates; clients are accepted.',
  not_yet_valid: 'It is not valid yet: clients are refused until then.',
  expires_soon: 'It expires within 30 days: add the next certificate now, both are accepted side by side.',
  expired: 'It has expired: clients are refused. Add another certificate.',
  certificate_authority:
    'It is a CA certificate: only a client that presents this very certificate is accepted, not what it signed.',
};

/** The last time a client proved possession of the private key. */
export interface Sighting {
  readonly at: Date;
  readonly address: string;
  readonly endpoint: string;
}

export interface CertificateContext {
  readonly href: string;
  readonly now: Date;
  readonly sighting: Sighting | undefined;
  readonly serverTrust: readonly object[];
  readonly activation: Activation;
  readonly births: CertificateBirths;
  /** Present where one certificate is asked for, and proven to be of the instance. */
  readonly keysElsewhere?: number | undefined;
}

export interface ClientCertificateResponse {
  readonly href: string;
  readonly etag: string;
}

export function clientCertificateResponse(
  certificate: ClientCertificate,
  { href, now, sighting, serverTrust, activation, births, keysElsewhere }: CertificateContext,
): ClientCertificateResponse {
  return withEntityTag(certificate.id, certificate, {
    id: certificate.id,
    href,
    name: certificate.name,
    certificate: certificate.pem,
    sha256_fingerprint: certificate.fingerprint,
    sha1_fingerprint: certificate.sha1Fingerprint,
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial_number: certificate.serialNumber,
    key_type: certificate.keyType.replaceAll('-', '_').toLowerCase(),
    valid_from: certificate.notBefore.toISOString(),
    expires_at: certificate.notAfter.toISOString(),
    expires_in_days: daysUntil(certificate.notAfter, now),
    warnings: warningsOf(certificate, now),
    last_seen: sighting && { at: sighting.at.toISOString(), address: sighting.address, endpoint: sighting.endpoint },
    server_trust: serverTrust,
    activation,
    proof: births.proof && { kind: births.proof.kind, proven_at: births.proof.at.toISOString() },
    established: births.established,
    births: birthsResponse(births),
    keys_elsewhere: keysElsewhere,
    created_at: certificate.createdAt.toISOString(),
    updated_at: certificate.updatedAt.toISOString(),
  });
}

/** Whole days; negative once it has passed. A century either way is as good as for ever. */
export function daysUntil(date: Date, now: Date): number {
  const days = Math.floor((date.getTime() - now.getTime()) / DAY_MS);
  return Math.max(-36_500, Math.min(36_500, days));
}

function warningsOf(certificate: ClientCertificate, now: Date): object[] {
  const codes: (keyof typeof WARNINGS)[] = [...describeCertificate(certificate.pem, now).warnings];
  if (validityFault(certificate, now)?.kind === 'expired') codes.push('expired');
  return codes.map((code) => ({ code, message: WARNINGS[code] }));
}
