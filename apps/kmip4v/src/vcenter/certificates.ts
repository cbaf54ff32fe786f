import { X509Certificate } from 'node:crypto';

import { toFingerprint } from '@lib/kernel';
import { ViConnectionError } from '@lib/vi-json';

/** SHA-256 over DER, lower-case hexadecimal, as the tenant API has it. */
export function sha256Of(pem: string): string {
  return toFingerprint(read(pem).fingerprint256);
}

/** As vCenter shows fingerprints: upper-case pairs with colons. */
export function colonForm(fingerprint: string): string {
  const digits = fingerprint.replace(/[^0-9a-f]/gi, '').toUpperCase();
  return digits.match(/../g)?.join(':') ?? '';
}

export function isSelfSigned(pem: string): boolean {
  const certificate = read(pem);
  return certificate.issuer === certificate.subject;
}

export function isValidAt(pem: string, now: Date): boolean {
  return new Date(read(pem).validFrom) <= now && now < endOf(pem);
}

export const endOf = (pem: string): Date => new Date(read(pem).validTo);

/** The first certificate alone: it is what was compared, and more must not be trusted along with it. */
export const firstOf = (pem: string): string => read(pem).toString();

/** @throws ViConnectionError malformed */
function read(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ViConnectionError('malformed', 'vCenter shows a certificate that cannot be read.', { cause });
  }
}
