import { createHash } from 'node:crypto';

/** SHA-256 over the raw key material, as the Digest attribute has it (KMIP 1.4 §3.17). */
export const digestOf = (material: Buffer): Buffer => createHash('sha256').update(material).digest();
