import { type KeyObject } from 'node:crypto';

export interface PublicKeyDescription {
  readonly type: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'other';
  /** Modulus or curve size. */
  readonly bits?: number;
  /** OpenSSL's name, e.g. prime256v1. */
  readonly curve?: string;
}

export function describePublicKey(publicKey: KeyObject): PublicKeyDescription {
  const details = publicKey.asymmetricKeyDetails;
  switch (publicKey.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return {
        type: publicKey.asymmetricKeyType,
        ...(details?.modulusLength === undefined ? {} : { bits: details.modulusLength }),
      };
    case 'ec':
      return describeCurve(details?.namedCurve);
    case 'ed25519':
      return { type: 'ed25519', bits: 256 };
    default:
      return { type: 'other' };
  }
}

const CURVE_BITS = new Map([
  ['prime256v1', 256],
  ['secp256k1', 256],
  ['brainpoolP256r1', 256],
  ['secp384r1', 384],
  ['brainpoolP384r1', 384],
  ['secp521r1', 521],
  ['brainpoolP512r1', 512],
]);

/** Curves without an entry have no `bits` and count as too weak. */
function describeCurve(curve: string | undefined): PublicKeyDescription {
  const bits = curve === undefined ? undefined : CURVE_BITS.get(curve);
  return { type: 'ec', ...(curve === undefined ? {} : { curve }), ...(bits === undefined ? {} : { bits }) };
}
