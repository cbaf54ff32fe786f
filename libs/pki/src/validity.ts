/** How far the clock of whoever made a certificate may be ahead of ours. Past its end nothing is tolerated. */
export const NOT_BEFORE_TOLERANCE_MS = 5 * 60 * 1000;

export interface ValidityFault {
  readonly kind: 'expired' | 'not_yet_valid';
  /** The date of the certificate and the time by our clock, to stand in a sentence. */
  readonly clocks: string;
}

/** Why a certificate is not valid now: the one rule for registration and for every connection. Both ends are included. */
export function validityFault(
  { notBefore, notAfter }: { readonly notBefore: Date; readonly notAfter: Date },
  now: Date,
): ValidityFault | undefined {
  const clocks = (date: Date): string =>
    `${date.toISOString()}, and the clock of this server says ${now.toISOString()}`;
  if (now > notAfter) return { kind: 'expired', clocks: clocks(notAfter) };
  const early = notBefore.getTime() - now.getTime() > NOT_BEFORE_TOLERANCE_MS;
  return early ? { kind: 'not_yet_valid', clocks: clocks(notBefore) } : undefined;
}
