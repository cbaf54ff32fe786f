import { X509Certificate } from 'node:crypto';

/** SHA-256 over DER, lower-case hexadecimal, as the tenant API has it. */
export function sha256Of(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
}

/** As vCenter shows fingerprints: upper-case pairs with colons. */
export function colonForm(fingerprint: string): string {
  const digits = fingerprint.replace(/[^0-9a-f]/gi, '').toUpperCase();
  return digits.match(/../g)?.join(':') ?? '';
}

export function isSelfSigned(pem: string): boolean {
  const certificate = new X509Certificate(pem);
  return certificate.issuer === certificate.subject;
}

export function isValidAt(pem: string, now: Date): boolean {
  const { validFrom, validTo } = new X509Certificate(pem);
  return new Date(validFrom) <= now && now < new Date(validTo);
}
