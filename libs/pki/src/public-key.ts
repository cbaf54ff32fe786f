import { type KeyObject } from 'node:crypto';

import { CLIENT_KEY_CURVES, CLIENT_KEY_KINDS, type ClientKeyKind } from '@lib/kernel';

export interface PublicKeyDescription {
  readonly type: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'other';
  /** Modulus or curve size; undefined for curves that are not accepted. */
  readonly bits?: number;
  /** OpenSSL's name, e.g. prime256v1. */
  readonly curve?: string;
  /** What an RSASSA-PSS key binds its signatures to (RFC 4055 §3.3); undefined when it leaves that open. */
  readonly pss?: { readonly hash: string; readonly saltBytes: number };
}

export function describePublicKey(publicKey: KeyObject): PublicKeyDescription {
  const details = publicKey.asymmetricKeyDetails ?? {};
  switch (publicKey.asymmetricKeyType) {
    case 'rsa':
      return { type: 'rsa', ...bitsOf(details.modulusLength) };
    case 'rsa-pss': {
      const { hashAlgorithm: hash, saltLength: saltBytes = 0 } = details;
      return {
        type: 'rsa-pss',
        ...bitsOf(details.modulusLength),
        ...(hash === undefined ? {} : { pss: { hash, saltBytes } }),
      };
    }
    case 'ec': {
      const { namedCurve: curve } = details;
      const known = CLIENT_KEY_CURVES.find((kind) => kind.curve === curve);
      return { type: 'ec', ...(curve === undefined ? {} : { curve }), ...bitsOf(known?.bits) };
    }
    case 'ed25519':
      return { type: 'ed25519', bits: 256 };
    default:
      return { type: 'other' };
  }
}

const bitsOf = (bits: number | undefined): { readonly bits?: number } => (bits === undefined ? {} : { bits });

export interface KeyFault {
  readonly kind: 'too_weak' | 'unsupported';
  /** For people: what is wrong and what to use instead. */
  readonly message: string;
}

const ACCEPTED = [...new Set(CLIENT_KEY_KINDS.map(({ name }) => name))].join(', ');

/** Why a client with this key could not connect; undefined when it can. */
export function publicKeyFault(key: PublicKeyDescription): KeyFault | undefined {
  if (CLIENT_KEY_KINDS.some((kind) => isOfKind(key, kind)) && signsInTls(key)) return undefined;
  return {
    kind: CLIENT_KEY_KINDS.some((kind) => isTooShort(key, kind)) ? 'too_weak' : 'unsupported',
    message: `Its key is ${nameOf(key)}, which cannot be used here. Accepted are ${ACCEPTED}.`,
  };
}

function isOfKind(key: PublicKeyDescription, kind: ClientKeyKind): boolean {
  switch (kind.type) {
    case 'rsa':
    case 'rsa-pss':
      return key.type === kind.type && !isTooShort(key, kind) && (key.bits ?? Infinity) <= kind.maximumBits;
    case 'ec':
      return key.curve === kind.curve;
    case 'ed25519':
      return key.type === kind.type;
  }
}

const isTooShort = (key: PublicKeyDescription, kind: ClientKeyKind): boolean =>
  'minimumBits' in kind && key.type === kind.type && (key.bits ?? 0) < kind.minimumBits;

/** Digest sizes of the hashes that TLS has RSASSA-PSS signatures for; their salt is as long (RFC 8446 §4.2.3). */
const PSS_DIGEST_BYTES = new Map([
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
]);

const signsInTls = ({ pss }: PublicKeyDescription): boolean =>
  pss === undefined || pss.saltBytes <= (PSS_DIGEST_BYTES.get(pss.hash) ?? -1);

function nameOf({ type, bits = 0, curve, pss }: PublicKeyDescription): string {
  switch (type) {
    case 'rsa':
      return `RSA with ${bits} bits`;
    case 'rsa-pss':
      return `RSASSA-PSS with ${bits} bits${pss ? `, bound to ${pss.hash} and a salt of ${pss.saltBytes} bytes` : ''}`;
    case 'ec':
      return curve === undefined ? 'on a curve without a name' : `on the curve ${curve}`;
    case 'ed25519':
      return 'Ed25519';
    case 'other':
      return 'of another type';
  }
}
