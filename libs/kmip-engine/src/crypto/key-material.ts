import { CryptographicAlgorithm } from '@lib/kmip-protocol';
import { createHash } from 'node:crypto';

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

export const isSupportedAlgorithm = (algorithm: number): boolean => materialBytes.has(algorithm);
export const defaultLength = (algorithm: number): number | undefined => defaultLengths.get(algorithm);
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

/** SHA-256 over the raw key material, as the Digest attribute has it (KMIP 1.4 §3.17). */
export const digestOf = (material: Buffer): Buffer => createHash('sha256').update(material).digest();
