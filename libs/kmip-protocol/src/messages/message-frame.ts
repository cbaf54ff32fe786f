import { KmipError } from '../errors';
import { protocolVersion } from '../objects/protocol-version';
import { type ProtocolVersion, V1_4, versionText } from '../protocol-version';
import { codecContext, type CodecContext } from '../schema/codec';
import { ResultReason } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { tagName } from '../spec/tag-name';
import { TtlvReader } from '../ttlv/ttlv-reader';

export const invalidMessage = (text: string): KmipError => new KmipError(ResultReason.InvalidMessage, text);

/**
 * Finds the Protocol Version without decoding the message, so that even a message that cannot be read is answered in
 * its own version. `undefined` when not even that can be found.
 */
export function peekProtocolVersion(bytes: Buffer): ProtocolVersion | undefined {
  try {
    return findVersion(new TtlvReader(bytes));
  } catch (error) {
    if (error instanceof KmipError) return undefined;
    throw error;
  }
}

/** Outer message, then the header as its first child, then the version wherever in the header a client put it. */
function findVersion(reader: TtlvReader): ProtocolVersion | undefined {
  if (!reader.next()) return undefined;
  reader.enter();
  if (!reader.next()) return undefined;
  reader.enter();
  while (reader.next()) {
    if (reader.tag === Tag.ProtocolVersion) return protocolVersion.read(reader, codecContext(V1_4));
  }
  return undefined;
}

/**
 * What a request asks for, item by item, without decoding it: to decide how much of a server it may have before work is
 * spent on it. `undefined` when that cannot be found; whether the message is in order only its decoder knows.
 */
export function peekOperations(bytes: Buffer): readonly number[] | undefined {
  try {
    const reader = new TtlvReader(bytes);
    if (!reader.next()) return undefined;
    reader.enter();
    const operations: (number | undefined)[] = [];
    while (reader.next()) {
      if (reader.tag === Tag.BatchItem) operations.push(operationIn(reader));
    }
    return operations.every((operation) => operation !== undefined) ? operations : undefined;
  } catch (error) {
    if (error instanceof KmipError) return undefined;
    throw error;
  }
}

function operationIn(reader: TtlvReader): number | undefined {
  const outer = reader.enter();
  let operation: number | undefined;
  while (operation === undefined && reader.next()) {
    if (reader.tag === Tag.Operation) operation = reader.readEnumeration();
  }
  reader.leave(outer);
  return operation;
}

/** @throws KmipError for a major version that is not ours: its messages have other fields (KMIP 1.4 §6.1). */
export function messageContext(version: ProtocolVersion): CodecContext {
  if (version.major !== 1 || version.minor < 0 || version.minor > 999) {
    throw invalidMessage(
      `KMIP ${versionText(version)} is not supported; this server speaks KMIP 1.0 to ${versionText(V1_4)}`,
    );
  }
  return codecContext(version);
}

export interface OpenMessage {
  readonly reader: TtlvReader;
  readonly context: CodecContext;
}

/** A reader standing on the header of the message, and what its version means for the rest. */
export function openMessage(bytes: Buffer, messageTag: number, headerTag: number, maximumItems?: number): OpenMessage {
  const version = peekProtocolVersion(bytes);
  if (version === undefined) throw invalidMessage('the message has no readable Protocol Version');
  const context = messageContext(version);
  const reader = new TtlvReader(bytes, maximumItems);
  if (!reader.next() || reader.tag !== messageTag) throw invalidMessage(`the message is no ${tagName(messageTag)}`);
  const outer = reader.mark();
  if (outer.next !== outer.end) throw invalidMessage('bytes follow the message');
  reader.enter();
  if (!reader.next() || !isTag(reader, headerTag)) throw invalidMessage(`${tagName(headerTag)} does not come first`);
  return { reader, context };
}

/** A batch item follows: true; the message ends: false; anything else is refused or, in newer versions, skipped. */
export function nextBatchItem({ reader, context }: OpenMessage): boolean {
  while (reader.next()) {
    if (reader.tag === Tag.BatchItem) return true;
    if (!context.skipsUnknownFields) throw invalidMessage(`${tagName(reader.tag)} stands between the batch items`);
  }
  return false;
}

export function checkBatchCount(announced: number, found: number): void {
  if (announced !== found) throw invalidMessage(`Batch Count says ${announced}, but the message has ${found} items`);
}

/** A call, because tsc believes that a getter it has narrowed once keeps its value. */
const isTag = (reader: TtlvReader, tag: number): boolean => reader.tag === tag;
