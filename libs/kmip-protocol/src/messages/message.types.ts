import { type Secret } from '@lib/kernel';

import { type KmipError } from '../errors';
import { type ProtocolVersion } from '../protocol-version';
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

export interface RequestHeader {
  readonly protocolVersion: ProtocolVersion;
  readonly maximumResponseSize?: number;
  readonly clientCorrelationValue?: string;
  readonly serverCorrelationValue?: string;
  readonly asynchronousIndicator?: boolean;
  readonly attestationCapableIndicator?: boolean;
  readonly attestationTypes?: readonly EnumValue[];
  readonly authentication?: readonly Credential[];
  readonly batchErrorContinuationOption?: EnumValue;
  readonly batchOrderOption?: boolean;
  readonly timeStamp?: Date;
  readonly batchCount: number;
}

export interface MessageExtension {
  readonly vendorIdentification: string;
  readonly criticalityIndicator: boolean;
  readonly vendorExtension: readonly TtlvItem[];
}

/**
 * A batch item of a request. A payload that could not be read does not spoil its neighbours (KMIP 1.4 §11.1):
 * it arrives as `payloadError`, and the engine answers that item alone.
 */
export interface RequestBatchItem {
  readonly operation: EnumValue;
  /** Echoed byte for byte, never parsed. */
  readonly uniqueBatchItemId?: Buffer;
  /** Present when the operation is one the protocol library knows and its payload was readable. */
  readonly request?: OperationRequest;
  readonly payloadError?: KmipError;
  readonly messageExtension?: MessageExtension;
}

export interface RequestMessage {
  readonly header: RequestHeader;
  readonly batchItems: readonly RequestBatchItem[];
}

export interface ResponseHeader {
  readonly protocolVersion: ProtocolVersion;
  readonly timeStamp: Date;
  /** For attestation (KMIP 1.4 §6.21); the items are not interpreted here. */
  readonly nonce?: readonly TtlvItem[];
  readonly attestationTypes?: readonly EnumValue[];
  readonly clientCorrelationValue?: string;
  readonly serverCorrelationValue?: string;
  readonly batchCount: number;
}

export interface ResponseBatchItem {
  /** Absent when the request could not be read at all (KMIP 1.4 §11.1). */
  readonly operation?: EnumValue;
  readonly uniqueBatchItemId?: Buffer;
  readonly resultStatus: EnumValue;
  readonly resultReason?: EnumValue;
  readonly resultMessage?: string;
  readonly asynchronousCorrelationValue?: Buffer;
  readonly messageExtension?: MessageExtension;
  readonly response?: OperationResponse;
}

export interface ResponseMessage {
  readonly header: ResponseHeader;
  readonly batchItems: readonly ResponseBatchItem[];
}

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

export interface DiscoverVersionsRequest {
  readonly protocolVersions: readonly ProtocolVersion[];
}
export interface DiscoverVersionsResponse {
  readonly protocolVersions: readonly ProtocolVersion[];
}

export interface QueryRequest {
  readonly queryFunctions: readonly EnumValue[];
}
export interface QueryResponse {
  readonly operations?: readonly EnumValue[];
  readonly objectTypes?: readonly EnumValue[];
  readonly vendorIdentification?: string;
  readonly serverInformation?: readonly TtlvItem[];
  readonly applicationNamespaces?: readonly string[];
  /** Extension Information, RNG Parameters, Profile Information, … in the order of KMIP 1.4 §4.25. */
  readonly other?: readonly TtlvItem[];
}

export interface CreateRequest {
  readonly objectType: EnumValue;
  readonly templateAttribute: TemplateAttribute;
}
export interface CreateResponse {
  readonly objectType: EnumValue;
  readonly uniqueIdentifier: string;
  readonly templateAttribute?: TemplateAttribute;
}

export interface GetRequest {
  readonly uniqueIdentifier?: string;
  readonly keyFormatType?: EnumValue;
  readonly keyWrapType?: EnumValue;
  readonly keyCompressionType?: EnumValue;
  /** Present when the client asked for a wrapped key; the items are not interpreted here. */
  readonly keyWrappingSpecification?: readonly TtlvItem[];
}
export interface GetResponse {
  readonly objectType: EnumValue;
  readonly uniqueIdentifier: string;
  readonly symmetricKey?: KeyBlock;
  readonly other?: readonly TtlvItem[];
}

export interface GetAttributesRequest {
  readonly uniqueIdentifier?: string;
  readonly attributeNames: readonly string[];
}
export interface GetAttributesResponse {
  readonly uniqueIdentifier: string;
  readonly attributes: readonly Attribute[];
}

export interface GetAttributeListRequest {
  readonly uniqueIdentifier?: string;
}
export interface GetAttributeListResponse {
  readonly uniqueIdentifier: string;
  readonly attributeNames: readonly string[];
}

export interface AddAttributeRequest {
  readonly uniqueIdentifier?: string;
  readonly attribute: Attribute;
}
export interface AddAttributeResponse {
  readonly uniqueIdentifier: string;
  readonly attribute: Attribute;
}

export interface ActivateRequest {
  readonly uniqueIdentifier?: string;
}
export interface ActivateResponse {
  readonly uniqueIdentifier: string;
}

export interface RevokeRequest {
  readonly uniqueIdentifier?: string;
  readonly revocationReason: { readonly revocationReasonCode: EnumValue; readonly revocationMessage?: string };
  readonly compromiseOccurrenceDate?: Date;
}
export interface RevokeResponse {
  readonly uniqueIdentifier: string;
}

export interface DestroyRequest {
  readonly uniqueIdentifier?: string;
}
export interface DestroyResponse {
  readonly uniqueIdentifier: string;
}

export interface LocateRequest {
  readonly maximumItems?: number;
  readonly offsetItems?: number;
  readonly storageStatusMask?: number;
  readonly objectGroupMember?: EnumValue;
  /** Filters; a Template-Attribute around them (FortiOS) is unwrapped by the decoder. */
  readonly attributes: readonly Attribute[];
}
export interface LocateResponse {
  readonly locatedItems?: number;
  readonly uniqueIdentifiers: readonly string[];
}

/** Request payloads by operation name; the name is the KMIP operation's, verbatim in PascalCase. */
export interface OperationRequests {
  DiscoverVersions: DiscoverVersionsRequest;
  Query: QueryRequest;
  Create: CreateRequest;
  Get: GetRequest;
  GetAttributes: GetAttributesRequest;
  GetAttributeList: GetAttributeListRequest;
  AddAttribute: AddAttributeRequest;
  Activate: ActivateRequest;
  Revoke: RevokeRequest;
  Destroy: DestroyRequest;
  Locate: LocateRequest;
}

export interface OperationResponses {
  DiscoverVersions: DiscoverVersionsResponse;
  Query: QueryResponse;
  Create: CreateResponse;
  Get: GetResponse;
  GetAttributes: GetAttributesResponse;
  GetAttributeList: GetAttributeListResponse;
  AddAttribute: AddAttributeResponse;
  Activate: ActivateResponse;
  Revoke: RevokeResponse;
  Destroy: DestroyResponse;
  Locate: LocateResponse;
}

export type OperationName = keyof OperationRequests;

export type OperationRequest = {
  [N in OperationName]: { readonly name: N; readonly payload: OperationRequests[N] };
}[OperationName];
export type OperationResponse = {
  [N in OperationName]: { readonly name: N; readonly payload: OperationResponses[N] };
}[OperationName];
