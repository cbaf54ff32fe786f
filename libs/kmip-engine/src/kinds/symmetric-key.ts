import { CryptographicAlgorithm, KeyFormatType, ObjectType } from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { type ObjectKind } from './object-kind';

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

export const materialLength = (algorithm: number, length: number): number | undefined =>
  materialBytes.get(algorithm)?.get(length);

/** Key managers make 32-byte keys and no others. */
export const canBeMadeByKeyManager = (algorithm: number, length: number): boolean =>
  algorithm === CryptographicAlgorithm.AES && length === 256;

/** Sets the odd parity that DES keys carry in the lowest bit of each byte; strict clients check it. In place. */
export function finishMaterial(algorithm: number, bytes: Buffer): Buffer {
  if (algorithm !== CryptographicAlgorithm.DES3) return bytes;
  for (const [index, byte] of bytes.entries()) {
    let ones = 0;
    for (let bit = 1; bit < 8; bit++) ones += (byte >> bit) & 1;
    bytes[index] = (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0);
  }
  return bytes;
}

/** Symmetric Key (KMIP 1.4 §2.2.2). */
export const symmetricKey: ObjectKind = {
  objectType: ObjectType.SymmetricKey,

  completed({ algorithm = fail('algorithm_missing'), length }) {
    if (!materialBytes.has(algorithm)) fail('algorithm_not_supported');
    const complete = length ?? defaultLengths.get(algorithm) ?? fail('length_not_supported');
    if (materialLength(algorithm, complete) === undefined) fail('length_not_supported');
    return { algorithm, length: complete };
  },

  isMaterial: ({ algorithm, length }) => materialLength(algorithm, length) !== undefined,

  answer: ({ cryptographicAlgorithm, cryptographicLength }, keyMaterial) => ({
    symmetricKey: { keyFormatType: KeyFormatType.Raw, keyMaterial, cryptographicAlgorithm, cryptographicLength },
  }),
};
