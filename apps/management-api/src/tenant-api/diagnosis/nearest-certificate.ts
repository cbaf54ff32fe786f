import { type PresentedCertificate } from '@lib/diagnosis';
import { type ClientCertificate } from '@lib/tenancy';

/**
 * The allowed certificate that a stranger's most resembles: the same certificate, else the same subject (usually made
 * anew in vCenter), else the same issuer. Subjects are compared, never trusted.
 */
export function nearestCertificate(
  presented: PresentedCertificate,
  allowed: readonly ClientCertificate[],
): ClientCertificate | undefined {
  return (
    allowed.find(({ fingerprint }) => fingerprint === presented.fingerprint) ??
    newest(allowed.filter(({ subject }) => subject === presented.subject)) ??
    newest(allowed.filter(({ issuer }) => issuer === presented.issuer && issuer !== presented.subject))
  );
}

const newest = (certificates: readonly ClientCertificate[]): ClientCertificate | undefined =>
  [...certificates].sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime())[0];
