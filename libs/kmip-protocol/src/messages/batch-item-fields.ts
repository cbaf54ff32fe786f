import { type CodecContext } from '../schema/codec';
import { tagName } from '../spec/tag-name';
import { type TtlvReader } from '../ttlv/ttlv-reader';
import { invalidMessage } from './message-frame';

/** What can be done with the field a batch item's reader stands on, by tag. */
export type BatchItemFields<T> = ReadonlyMap<number, (reader: TtlvReader, item: T, context: CodecContext) => void>;

/** Reads one batch item into `item`, refusing a field that stands twice. */
export function readBatchItemFields<T>(
  reader: TtlvReader,
  item: T,
  fields: BatchItemFields<T>,
  context: CodecContext,
): void {
  const outer = reader.enter();
  const seen = new Set<number>();
  while (reader.next()) {
    const { tag } = reader;
    const read = fields.get(tag);
    if (read === undefined) {
      if (context.skipsUnknownFields) continue;
      throw invalidMessage(`Batch Item: ${tagName(tag)} does not belong there`);
    }
    if (seen.has(tag)) throw invalidMessage(`Batch Item: ${tagName(tag)} stands twice`);
    seen.add(tag);
    read(reader, item, context);
  }
  reader.leave(outer);
}

/** The properties of a read-only object while it is being put together. */
export type Draft<T> = { -readonly [K in keyof T]?: T[K] };
