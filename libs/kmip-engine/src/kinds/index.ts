import { type EnumValue } from '@lib/kmip-protocol';

import { type ObjectKind } from './object-kind';
import { symmetricKey } from './symmetric-key';

/** By Object Type: numbers come from clients and stored keys. */
const kinds: ReadonlyMap<EnumValue, ObjectKind> = new Map([symmetricKey].map((kind) => [kind.objectType, kind]));

/** What Query says of them (KMIP 1.4 §4.25). */
export const OBJECT_TYPES: readonly EnumValue[] = [...kinds.keys()];

export const kindOf = (objectType: EnumValue): ObjectKind | undefined => kinds.get(objectType);
