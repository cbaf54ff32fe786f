import { KNOWN_VERSIONS, type ProtocolVersion, versionOf, versionOrdinal } from '../protocol-version';
import { type TtlvReader } from '../ttlv/ttlv-reader';
import { type TtlvWriter } from '../ttlv/ttlv-writer';

/** What reading or writing one message depends on besides its bytes. */
export interface CodecContext {
  /** Of the message's version, see {@link versionOrdinal}. */
  readonly version: number;
  /** True for a version that is newer than what we know: its unknown fields are skipped (KMIP 1.4 §11.1). */
  readonly skipsUnknownFields: boolean;
}

/** Reads and writes one kind of value. The reader stands on its item; the writer is given the tag of it. */
export interface Codec<V> {
  read(reader: TtlvReader, context: CodecContext): V;
  write(writer: TtlvWriter, tag: number, value: V, context: CodecContext): void;
}

const contextOf = (version: ProtocolVersion, skipsUnknownFields: boolean): CodecContext => ({
  version: versionOrdinal(version),
  skipsUnknownFields,
});

/** By the one object that a known version is. */
const contexts: ReadonlyMap<ProtocolVersion, CodecContext> = new Map(
  KNOWN_VERSIONS.map((version) => [version, contextOf(version, false)]),
);

/** What the version of a message means for its fields, whether this server speaks it or not. */
export const codecContext = ({ major, minor }: ProtocolVersion): CodecContext => {
  const version = versionOf(major, minor);
  return contexts.get(version) ?? contextOf(version, true);
};

/** A codec whose objects look different from what is on the wire. */
export const mapped = <W, V>(wire: Codec<W>, fromWire: (wire: W) => V, toWire: (value: V) => W): Codec<V> => ({
  read: (reader, context) => fromWire(wire.read(reader, context)),
  write: (writer, tag, value, context) => wire.write(writer, tag, toWire(value), context),
});
