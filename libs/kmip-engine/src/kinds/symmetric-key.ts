import { CryptographicAlgorithm, type EnumValue, KeyFormatType, ObjectType } from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { type ObjectKind } from './object-kind';

export interface SymmetricKeyFields {
  readonly objectType: typeof ObjectType.SymmetricKey;
  readonly cryptographicAlgorithm: EnumValue;
  readonly cryptographicLength: number;
  readonly cryptographicUsageMask: number;
}

/** Bytes of raw key material by algorithm and Cryptographic Length. 3DES lengths leave the parity bits out. */
const materialBytes: ReadonlyMap<number, ReadonlyMap<number, number>> = new Map([
  [
    CryptographicAlgorithm.AES,
    new Map([
      [128, 16],
      [192, 24],
      [256, 32],
    ]),
  ],
  [
    CryptographicAlgorithm.DES3,
    new Map([
      [112, 16],
      [168, 24],
    ]),
  ],
]);

const defaultLengths: ReadonlyMap<number, number> = new Map([
  [CryptographicAlgorithm.AES, 256],
  [CryptographicAlgorithm.DES3, 168],
]);

const materialLength = (algorithm: number, length: number): number | undefined =>
  materialBytes.get(algorithm)?.get(length);

/** Sets the odd parity that DES keys carry in the lowest bit of each byte; strict clients check it. */
function setParity(bytes: Buffer): void {
  for (const [index, byte] of bytes.entries()) {
    let ones = 0;
    for (let bit = 1; bit < 8; bit++) ones += (byte >> bit) & 1;
    bytes[index] = (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0);
  }
}

/** Symmetric Key (KMIP 1.4 §2.2.2). */
export const symmetricKey: ObjectKind<SymmetricKeyFields> = {
  objectType: ObjectType.SymmetricKey,
  envelopeVersion: 1,
  fields: {
    cryptographicAlgorithm: 'algorithm',
    cryptographicLength: 'length',
    cryptographicUsageMask: 'usageMask',
  },

  creation: {
    completed({ cryptographicAlgorithm = fail('algorithm_missing'), cryptographicLength, cryptographicUsageMask }) {
      if (!materialBytes.has(cryptographicAlgorithm)) fail('algorithm_not_supported');
      const length = cryptographicLength ?? defaultLengths.get(cryptographicAlgorithm) ?? fail('length_not_supported');
      if (materialLength(cryptographicAlgorithm, length) === undefined) fail('length_not_supported');
      return {
        objectType: ObjectType.SymmetricKey,
        cryptographicAlgorithm,
        cryptographicLength: length,
        cryptographicUsageMask: cryptographicUsageMask ?? fail('usage_mask_missing'),
      };
    },

    materialLength: ({ cryptographicAlgorithm, cryptographicLength }) =>
      materialLength(cryptographicAlgorithm, cryptographicLength) ?? fail('length_not_supported'),

    /** Key managers make 32-byte keys and no others. */
    canBeMadeByKeyManager: ({ cryptographicAlgorithm, cryptographicLength }) =>
      cryptographicAlgorithm === CryptographicAlgorithm.AES && cryptographicLength === 256,

    finish({ cryptographicAlgorithm }, bytes) {
      if (cryptographicAlgorithm === CryptographicAlgorithm.DES3) setParity(bytes);
    },

    recorded: ({ cryptographicAlgorithm, cryptographicLength }) => ({
      algorithm: cryptographicAlgorithm,
      length: cryptographicLength,
    }),
  },

  isMaterial: ({ cryptographicAlgorithm, cryptographicLength }) =>
    materialLength(cryptographicAlgorithm, cryptographicLength) !== undefined,

  answer: ({ cryptographicAlgorithm, cryptographicLength }, keyMaterial) => ({
    symmetricKey: { keyFormatType: KeyFormatType.Raw, keyMaterial, cryptographicAlgorithm, cryptographicLength },
  }),
};
