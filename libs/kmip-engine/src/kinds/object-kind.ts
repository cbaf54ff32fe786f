import { type Secret } from '@lib/kernel';
import { type EnumValue, type GetResponse } from '@lib/kmip-protocol';

interface OfOneKind {
  readonly objectType: EnumValue;
}

export type FieldOf<Fields extends OfOneKind> = Exclude<keyof Fields, 'objectType'>;

/** What the server knows of one kind of managed object (KMIP 1.4 §2.2). `Fields` are what not every kind has. */
export interface ObjectKind<Fields extends OfOneKind> {
  readonly objectType: Fields['objectType'];
  /** `v` of its stored envelopes. Another one for each set of fields: a release that does not know it leaves them alone. */
  readonly envelopeVersion: number;
  /** Its fields, and what a stored envelope calls them. Each has a column of its name in the catalog. */
  readonly fields: Readonly<Record<FieldOf<Fields>, string>>;
  /** Absent where Create makes none. */
  readonly creation?: Creation<Fields>;
  /** Whether a stored envelope may say this of its object; if not, a later release wrote it. */
  isMaterial(fields: Fields): boolean;
  /** Its part of Get's answer. The key in it is wiped once the answer is encoded. */
  answer(fields: Fields, material: Secret): Omit<GetResponse, 'objectType' | 'uniqueIdentifier'>;
}

/** How Create makes an object (KMIP 1.4 §4.1). */
export interface Creation<Fields extends OfOneKind> {
  /** What a Create left out, by its default. @throws OperationFailure for what the kind cannot be made of */
  completed(asked: Partial<Omit<Fields, 'objectType'>>): Fields;
  /** In bytes. */
  materialLength(fields: Fields): number;
  canBeMadeByKeyManager(fields: Fields): boolean;
  /** Makes material of random bytes, in place. */
  finish(fields: Fields, bytes: Buffer): void;
  /** What the record of its birth says of it. */
  recorded(fields: Fields): Readonly<Record<string, number>>;
}
