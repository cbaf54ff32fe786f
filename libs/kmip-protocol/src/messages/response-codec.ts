import { operationCodec, operationCodecByName, type OperationResponse } from '../operations/operation-registry';
import { type ProtocolVersion } from '../protocol-version';
import { type CodecContext } from '../schema/codec';
import { Tag } from '../spec/tag';
import { type TtlvReader } from '../ttlv/ttlv-reader';
import { TtlvWriter } from '../ttlv/ttlv-writer';
import { type BatchItemFields, type Draft, readBatchItemFields } from './batch-item-fields';
import { messageExtension, responseHeader } from './header-codecs';
import { type ResponseBatchItem, type ResponseHeader, type ResponseMessage } from './message.types';
import { checkBatchCount, invalidMessage, messageContext, nextBatchItem, openMessage } from './message-frame';

type ItemDraft = Draft<ResponseBatchItem>;

const itemFields: BatchItemFields<ItemDraft> = new Map([
  [Tag.Operation, (reader: TtlvReader, item: ItemDraft) => (item.operation = reader.readEnumeration())],
  [Tag.UniqueBatchItemID, (reader: TtlvReader, item: ItemDraft) => (item.uniqueBatchItemId = reader.readByteString())],
  [Tag.ResultStatus, (reader: TtlvReader, item: ItemDraft) => (item.resultStatus = reader.readEnumeration())],
  [Tag.ResultReason, (reader: TtlvReader, item: ItemDraft) => (item.resultReason = reader.readEnumeration())],
  [Tag.ResultMessage, (reader: TtlvReader, item: ItemDraft) => (item.resultMessage = reader.readTextString())],
  [
    Tag.AsynchronousCorrelationValue,
    (reader: TtlvReader, item: ItemDraft) => (item.asynchronousCorrelationValue = reader.readByteString()),
  ],
  [Tag.ResponsePayload, readPayload],
  [
    Tag.MessageExtension,
    (reader: TtlvReader, item: ItemDraft, context: CodecContext) =>
      (item.messageExtension = messageExtension.read(reader, context)),
  ],
]);

/** A search may be answered with tens of thousands of identifiers; its client asked for them. */
const MAXIMUM_RESPONSE_ITEMS = 500_000;

/** @throws KmipError when the bytes are no readable Response Message. */
export function decodeResponseMessage(bytes: Buffer): ResponseMessage {
  const open = openMessage(bytes, Tag.ResponseMessage, Tag.ResponseHeader, MAXIMUM_RESPONSE_ITEMS);
  const header = responseHeader.read(open.reader, open.context);
  const batchItems: ResponseBatchItem[] = [];
  while (nextBatchItem(open)) batchItems.push(readItem(open.reader, open.context));
  checkBatchCount(header.batchCount, batchItems.length);
  return { header, batchItems };
}

function readItem(reader: TtlvReader, context: CodecContext): ResponseBatchItem {
  const draft: ItemDraft = {};
  readBatchItemFields(reader, draft, itemFields, context);
  const { resultStatus, ...rest } = draft;
  if (resultStatus === undefined) throw invalidMessage('Batch Item: ResultStatus is missing');
  return { ...rest, resultStatus };
}

function readPayload(reader: TtlvReader, item: ItemDraft, context: CodecContext): void {
  const codec = item.operation === undefined ? undefined : operationCodec(item.operation);
  if (codec !== undefined) {
    // Name and payload come from one codec, which the union type cannot follow.
    item.response = { name: codec.name, payload: codec.response.read(reader, context) } as OperationResponse;
  }
}

/**
 * Writes a response in the version of its header; Batch Count is that of the items. The buffer is the only place key
 * material is copied to: zero it once it is sent.
 */
export function encodeResponseMessage({ header, batchItems }: ResponseMessage): Buffer {
  const context = messageContext(header.protocolVersion);
  const writer = new TtlvWriter();
  const message = writer.begin(Tag.ResponseMessage);
  responseHeader.write(writer, Tag.ResponseHeader, { ...header, batchCount: batchItems.length }, context);
  for (const item of batchItems) writeItem(writer, item, context);
  writer.end(message);
  return writer.finish();
}

/** Bytes one batch item adds to a response, for Maximum Response Size (KMIP 1.4 §6.3). */
export function encodedBatchItemLength(item: ResponseBatchItem, version: ProtocolVersion): number {
  return measure((writer) => writeItem(writer, item, messageContext(version)));
}

/** Bytes of a response without its batch items; the length of the whole is this plus that of every item. */
export function responseOverheadLength(header: ResponseHeader): number {
  return measure((writer) => {
    const message = writer.begin(Tag.ResponseMessage);
    responseHeader.write(writer, Tag.ResponseHeader, header, messageContext(header.protocolVersion));
    writer.end(message);
  });
}

/** Measures by writing, so that the size can never differ from what is sent; what was written is wiped. */
function measure(write: (writer: TtlvWriter) => void): number {
  const writer = new TtlvWriter();
  write(writer);
  const { length } = writer;
  writer.wipe();
  return length;
}

function writeItem(writer: TtlvWriter, item: ResponseBatchItem, context: CodecContext): void {
  const mark = writer.begin(Tag.BatchItem);
  if (item.operation !== undefined) writer.writeEnumeration(Tag.Operation, item.operation);
  if (item.uniqueBatchItemId !== undefined) writer.writeByteString(Tag.UniqueBatchItemID, item.uniqueBatchItemId);
  writer.writeEnumeration(Tag.ResultStatus, item.resultStatus);
  if (item.resultReason !== undefined) writer.writeEnumeration(Tag.ResultReason, item.resultReason);
  if (item.resultMessage !== undefined) writer.writeTextString(Tag.ResultMessage, item.resultMessage);
  if (item.asynchronousCorrelationValue !== undefined) {
    writer.writeByteString(Tag.AsynchronousCorrelationValue, item.asynchronousCorrelationValue);
  }
  if (item.response !== undefined) {
    const { name, payload } = item.response;
    operationCodecByName(name).response.write(writer, Tag.ResponsePayload, payload, context);
  }
  if (item.messageExtension !== undefined) {
    messageExtension.write(writer, Tag.MessageExtension, item.messageExtension, context);
  }
  writer.end(mark);
}
