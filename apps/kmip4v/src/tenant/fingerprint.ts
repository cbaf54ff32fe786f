import { type CertificateFingerprint, toFingerprint } from '@lib/kernel';

/** A SHA-256 as people copy it, with colons or without. @returns undefined where the text is none */
export function fingerprintIn(text: string): CertificateFingerprint | undefined {
  const fingerprint = toFingerprint(text);
  return /^[0-9a-f]{64}$/.test(fingerprint) ? fingerprint : undefined;
}
