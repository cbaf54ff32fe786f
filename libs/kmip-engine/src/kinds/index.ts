import { type EnumValue } from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { type Creation, type FieldOf, type ObjectKind } from './object-kind';
import { symmetricKey, type SymmetricKeyFields } from './symmetric-key';

/** What an object has by its kind, told apart by the Object Type. */
export type KindFields = SymmetricKeyFields;

export const OBJECT_KINDS: readonly ObjectKind<KindFields>[] = [symmetricKey];

type FieldOfAny<Fields> = Fields extends KindFields ? FieldOf<Fields> : never;

/** A field that objects of some kind have. */
export type KindField = FieldOfAny<KindFields>;

/** Any object as far as its fields go: for what asks for a field and not for a kind. */
export type KindNumbers = { readonly [Field in KindField]?: number };

const namedFields = new Map(
  // The keys of a Record are of its type.
  OBJECT_KINDS.map((kind) => [kind, Object.entries(kind.fields) as [KindField, string][]]),
);

/** Field and name in a stored envelope. */
export const namedFieldsOf = (kind: ObjectKind<KindFields>): readonly (readonly [KindField, string])[] =>
  namedFields.get(kind) ?? [];

/** Of all kinds, each once. */
export const KIND_FIELDS: readonly KindField[] = [
  ...new Set(OBJECT_KINDS.flatMap((kind) => namedFieldsOf(kind).map(([field]) => field))),
];

/** By Object Type: numbers come from clients and stored keys. */
const kinds: ReadonlyMap<EnumValue, ObjectKind<KindFields>> = new Map(
  OBJECT_KINDS.map((kind) => [kind.objectType, kind]),
);

/** What Query says of them (KMIP 1.4 §4.25). */
export const OBJECT_TYPES: readonly EnumValue[] = [...kinds.keys()];

/** @returns undefined for a kind that only a later release knows */
export const kindOf = (objectType: EnumValue): ObjectKind<KindFields> | undefined => kinds.get(objectType);

/** @returns undefined for envelopes that only a later release knows */
export const kindOfEnvelopes = (version: unknown): ObjectKind<KindFields> | undefined =>
  OBJECT_KINDS.find(({ envelopeVersion }) => envelopeVersion === version);

/** @throws OperationFailure `object_type_not_supported` */
export const requireKind = (objectType: EnumValue): ObjectKind<KindFields> =>
  kindOf(objectType) ?? fail('object_type_not_supported');

/** @throws OperationFailure `object_type_not_supported` */
export const creationOf = (objectType: EnumValue): Creation<KindFields> =>
  kindOf(objectType)?.creation ?? fail('object_type_not_supported');
