import { type Secret } from '@lib/kernel';

import { type CredentialType } from '../spec/enumerations';
import { type TtlvItem, type TtlvValue } from '../ttlv/ttlv.types';

/** Enumerations travel as their 32-bit numbers; the tables in `spec/` name them. */
export type EnumValue = number;

/** Attribute (KMIP 1.4 §2.1.1). The value keeps its TTLV type, so custom attributes survive a round trip unchanged. */
export interface Attribute {
  readonly attributeName: string;
  /** Absent means 0 (KMIP 1.4 §2.1.1). */
  readonly attributeIndex?: number;
  /** Absent only in Delete/Get style references, never in Create or Add Attribute. */
  readonly attributeValue?: TtlvValue;
}

/** Template-Attribute (KMIP 1.4 §2.1.8). */
export interface TemplateAttribute {
  readonly names?: readonly { readonly nameValue: string; readonly nameType: EnumValue }[];
  readonly attributes?: readonly Attribute[];
}

/** KMIP 1.4 §2.1.2; tell it from the other kind by `'username' in credential`. */
export interface UsernameAndPasswordCredential {
  readonly credentialType: typeof CredentialType.UsernameAndPassword;
  readonly username: string;
  readonly password?: Secret;
}

/** A credential of any other type. Clients encode its value as they like, so nobody looks inside. */
export interface OpaqueCredential {
  readonly credentialType: EnumValue;
  /** The Credential Value as it travels, header and padding included. */
  readonly encodedValue: Secret;
}

export type Credential = UsernameAndPasswordCredential | OpaqueCredential;

/** Key Block (KMIP 1.4 §2.1.3) with its Key Value unfolded. */
export interface KeyBlock {
  readonly keyFormatType: EnumValue;
  readonly keyCompressionType?: EnumValue;
  /** Raw bytes of the key, or the items of a transparent structure. */
  readonly keyMaterial?: Secret | readonly TtlvItem[];
  /** Attributes inside the Key Value; older 1.x clients choke on them, so answers leave them out. */
  readonly keyValueAttributes?: readonly Attribute[];
  /** The whole Key Value when it travels wrapped, as one byte string. */
  readonly wrappedKeyValue?: Secret;
  readonly cryptographicAlgorithm?: EnumValue;
  readonly cryptographicLength?: number;
  readonly keyWrappingData?: readonly TtlvItem[];
}
