import { type KmipError } from '../errors';
import { type Credential, type EnumValue } from '../objects/object.types';
import { type OperationRequest, type OperationResponse } from '../operations/operation-registry';
import { type ProtocolVersion } from '../protocol-version';
import { type TtlvItem } from '../ttlv/ttlv.types';

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
