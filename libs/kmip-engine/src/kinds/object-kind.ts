import { type Secret } from '@lib/kernel';
import { type EnumValue, type GetResponse } from '@lib/kmip-protocol';

import { type ManagedObject } from '../ports/managed-object';

/** Cryptographic Algorithm and Length (KMIP 1.4 §3.4, §3.5). */
export interface MaterialFacts {
  readonly algorithm: number;
  readonly length: number;
}

/** What the server knows of one kind of managed object (KMIP 1.4 §2.2). */
export interface ObjectKind {
  readonly objectType: EnumValue;
  /** What a Create left out, by its default. @throws OperationFailure for what the kind cannot be made of */
  completed(asked: Partial<MaterialFacts>): MaterialFacts;
  /** Whether a stored envelope may say this of its object; if not, a later release wrote it. */
  isMaterial(facts: MaterialFacts): boolean;
  /** Its part of Get's answer. The key in it is wiped once the answer is encoded. */
  answer(object: ManagedObject, material: Secret): Omit<GetResponse, 'objectType' | 'uniqueIdentifier'>;
}
