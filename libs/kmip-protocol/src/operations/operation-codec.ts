import {
  type EnumValue,
  type OperationName,
  type OperationRequest,
  type OperationRequests,
  type OperationResponse,
  type OperationResponses,
} from '../messages/message.types';
import { type Codec, type CodecContext } from '../schema/codec';
import { Tag } from '../spec/tag';
import { type TtlvReader } from '../ttlv/ttlv-reader';
import { type TtlvWriter } from '../ttlv/ttlv-writer';

/** One operation's two payloads, with the payload types closed over so that a message can hold any of them. */
export interface OperationCodec {
  readonly name: OperationName;
  readonly operation: EnumValue;
  readRequest(reader: TtlvReader, context: CodecContext): OperationRequest;
  writeRequest(writer: TtlvWriter, request: OperationRequest, context: CodecContext): void;
  readResponse(reader: TtlvReader, context: CodecContext): OperationResponse;
  writeResponse(writer: TtlvWriter, response: OperationResponse, context: CodecContext): void;
}

interface Payloads<N extends OperationName> {
  readonly request: Codec<OperationRequests[N]>;
  readonly response: Codec<OperationResponses[N]>;
}

/**
 * Binds a name, a number and the two descriptors. The casts are the edge between one operation and the union of all:
 * a payload only ever meets the codec that was looked up by its own name.
 */
export function describeOperation<N extends OperationName>(
  name: N,
  operation: EnumValue,
  { request, response }: Payloads<N>,
): OperationCodec {
  return {
    name,
    operation,
    readRequest: (reader, context) => ({ name, payload: request.read(reader, context) }) as OperationRequest,
    writeRequest: (writer, { payload }, context) =>
      request.write(writer, Tag.RequestPayload, payload as OperationRequests[N], context),
    readResponse: (reader, context) => ({ name, payload: response.read(reader, context) }) as OperationResponse,
    writeResponse: (writer, { payload }, context) =>
      response.write(writer, Tag.ResponsePayload, payload as OperationResponses[N], context),
  };
}
