/**
 * Values of vim25 as VI JSON writes them (Web Services Programming Guide "VI JSON"; govmomi vim25/types/json.go).
 * `_typeName` may stand anywhere in an object and is often missing on members whose type is declared, so nothing that
 * is received may be required to have it. What is sent has it on every object, which is the vendor's advice.
 */
export interface DataObject<Name extends string = string> {
  readonly _typeName?: Name;
}

/** Members order varies. The type and value together name an object; the value alone does not. */
export interface ManagedObjectReference extends DataObject<'ManagedObjectReference'> {
  readonly type: string;
  readonly value: string;
}

/** RFC 3339, UTC, up to six digits of a second. */
export type DateTime = string;

/** PEM with line ends, not base64 around it. With or without the last line end, CRLF, several blocks. */
export type Pem = string;

/**
 * A value where the declared type is Any (DynamicProperty.val, TaskInfo.result, KeyAnyValue.value): objects stand there
 * as they are, everything else in a box `{"_typeName":"string","_value":"x"}`.
 */
export type AnyValue = unknown;

export interface Boxed<Value = unknown> {
  readonly _typeName: string;
  readonly _value: Value;
}

/** Names of boxed primitives on the wire; the OpenAPI file calls their schemas PrimitiveString etc. */
export const BOXED_PRIMITIVES = [
  'boolean',
  'byte',
  'short',
  'int',
  'long',
  'float',
  'double',
  'string',
  'dateTime',
  'binary',
] as const;

export interface KeyValue extends DataObject<'KeyValue'> {
  readonly key: string;
  readonly value: string;
}

export function isReference(value: unknown): value is ManagedObjectReference {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    'value' in value &&
    typeof value.type === 'string' &&
    typeof value.value === 'string'
  );
}

/** What lies in a box, or the value itself where there is none. A boxed reference (seen in the vendor's guide) too. */
export function unbox(value: unknown): unknown {
  return typeof value === 'object' && value !== null && '_typeName' in value && '_value' in value
    ? value._value
    : value;
}

export function box<Value>(type: string, value: Value): Boxed<Value> {
  return { _typeName: type, _value: value };
}

export function reference(type: string, value: string): ManagedObjectReference {
  return { _typeName: 'ManagedObjectReference', type, value };
}

export function sameObject(one: ManagedObjectReference, other: ManagedObjectReference): boolean {
  return one.type === other.type && one.value === other.value;
}
