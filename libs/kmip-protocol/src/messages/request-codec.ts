import { KmipError } from '../errors';
import { operationCodec, operationCodecByName, type OperationRequest } from '../operations/operation-registry';
import { type CodecContext } from '../schema/codec';
import { ResultReason } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { type TtlvReader } from '../ttlv/ttlv-reader';
import { TtlvWriter } from '../ttlv/ttlv-writer';
import { type BatchItemFields, type Draft, readBatchItemFields } from './batch-item-fields';
import { messageExtension, requestHeader } from './header-codecs';
import { type RequestBatchItem, type RequestMessage } from './message.types';
import { checkBatchCount, invalidMessage, messageContext, nextBatchItem, openMessage } from './message-frame';

interface RequestItemDraft extends Draft<RequestBatchItem> {
  hasPayload?: boolean;
}

const itemFields: BatchItemFields<RequestItemDraft> = new Map([
  [Tag.Operation, (reader: TtlvReader, item: RequestItemDraft) => (item.operation = reader.readEnumeration())],
  [
    Tag.UniqueBatchItemID,
    (reader: TtlvReader, item: RequestItemDraft) => (item.uniqueBatchItemId = reader.readByteString()),
  ],
  [Tag.RequestPayload, readPayload],
  [
    Tag.MessageExtension,
    (reader: TtlvReader, item: RequestItemDraft, context: CodecContext) =>
      (item.messageExtension = messageExtension.read(reader, context)),
  ],
]);

/**
 * Reads a whole Request Message. A payload that cannot be read spoils only its own batch item.
 * @throws KmipError when the message as a whole cannot be answered item by item.
 */
export function decodeRequestMessage(bytes: Buffer): RequestMessage {
  const open = openMessage(bytes, Tag.RequestMessage, Tag.RequestHeader);
  const header = requestHeader.read(open.reader, open.context);
  const batchItems: RequestBatchItem[] = [];
  while (nextBatchItem(open)) batchItems.push(readItem(open.reader, open.context));
  checkBatchCount(header.batchCount, batchItems.length);
  return { header, batchItems };
}

function readItem(reader: TtlvReader, context: CodecContext): RequestBatchItem {
  const draft: RequestItemDraft = {};
  readBatchItemFields(reader, draft, itemFields, context);
  const { operation, hasPayload = false, ...rest } = draft;
  if (operation === undefined) throw invalidMessage('Batch Item: Operation is missing');
  if (hasPayload || operationCodec(operation) === undefined) return { operation, ...rest };
  const payloadError = new KmipError(ResultReason.InvalidMessage, 'Batch Item: RequestPayload is missing');
  return { operation, ...rest, payloadError };
}

/** The item's own length was sound, so whatever is wrong inside the payload does not touch the items behind it. */
function readPayload(reader: TtlvReader, item: RequestItemDraft, context: CodecContext): void {
  if (item.operation === undefined) throw invalidMessage('Batch Item: RequestPayload stands before Operation');
  item.hasPayload = true;
  const behind = reader.mark();
  try {
    const codec = operationCodec(item.operation);
    if (codec !== undefined) {
      // Name and payload come from one codec, which the union type cannot follow.
      item.request = { name: codec.name, payload: codec.request.read(reader, context) } as OperationRequest;
    }
  } catch (error) {
    if (!(error instanceof KmipError)) throw error;
    item.payloadError = error;
    reader.leave(behind);
  }
}

/**
 * Writes a request, for clients and tests. The header is written as given, so that a wrong Batch Count can be sent; an
 * item without a known request goes out with an empty payload.
 */
export function encodeRequestMessage({ header, batchItems }: RequestMessage): Buffer {
  const context = messageContext(header.protocolVersion);
  const writer = new TtlvWriter();
  const message = writer.begin(Tag.RequestMessage);
  requestHeader.write(writer, Tag.RequestHeader, header, context);
  for (const item of batchItems) writeItem(writer, item, context);
  writer.end(message);
  return writer.finish();
}

function writeItem(writer: TtlvWriter, item: RequestBatchItem, context: CodecContext): void {
  const mark = writer.begin(Tag.BatchItem);
  writer.writeEnumeration(Tag.Operation, item.operation);
  if (item.uniqueBatchItemId !== undefined) writer.writeByteString(Tag.UniqueBatchItemID, item.uniqueBatchItemId);
  if (item.request === undefined) writer.writeItems(Tag.RequestPayload, []);
  else {
    const { name, payload } = item.request;
    operationCodecByName(name).request.write(writer, Tag.RequestPayload, payload, context);
  }
  if (item.messageExtension !== undefined) {
    messageExtension.write(writer, Tag.MessageExtension, item.messageExtension, context);
  }
  writer.end(mark);
}
