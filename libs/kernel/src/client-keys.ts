/** One kind of key that a client certificate may have; `name` is for people. */
export type ClientKeyKind = { readonly name: string } & (
  | { readonly type: 'rsa' | 'rsa-pss'; readonly minimumBits: number; readonly maximumBits: number }
  /** `curve` is OpenSSL's name; `name` is NIST's, which TLS settings take too. */
  | { readonly type: 'ec'; readonly curve: string; readonly bits: number }
  | { readonly type: 'ed25519' }
);

const RSA = { name: 'RSA with 2048 to 8192 bits', minimumBits: 2048, maximumBits: 8192 };

/**
 * Every kind of key that a client certificate may have. Registration judges by this list and the KMIP listener takes
 * its curves from it, so that whatever is accepted can connect. A kind belongs here only if it connects in every TLS
 * version that the listener speaks.
 */
export const CLIENT_KEY_KINDS: readonly ClientKeyKind[] = [
  { type: 'rsa', ...RSA },
  { type: 'rsa-pss', ...RSA },
  { type: 'ec', name: 'P-256', curve: 'prime256v1', bits: 256 },
  { type: 'ec', name: 'P-384', curve: 'secp384r1', bits: 384 },
  { type: 'ec', name: 'P-521', curve: 'secp521r1', bits: 521 },
  { type: 'ed25519', name: 'Ed25519' },
];

export const CLIENT_KEY_CURVES = CLIENT_KEY_KINDS.filter((kind) => kind.type === 'ec');
