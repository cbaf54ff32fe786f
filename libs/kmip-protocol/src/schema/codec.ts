import { KmipError } from '../errors';
import { type ProtocolVersion } from '../messages/message.types';
import { ResultReason } from '../spec/enumerations';
import { type TtlvReader } from '../ttlv/ttlv-reader';
import { type TtlvWriter } from '../ttlv/ttlv-writer';

/** Versions a field can be bound to. 2.x joins this list when it is built. */
export type KmipVersion = '1.0' | '1.1' | '1.2' | '1.3' | '1.4';

/** The newest version whose every field is in the descriptors. */
export const NEWEST_KNOWN_VERSION: ProtocolVersion = { major: 1, minor: 4 };

/** What reading or writing one message depends on besides its bytes. */
export interface CodecContext {
  /** Orders versions: major and minor in one number. */
  readonly version: number;
  /** True for a minor version newer than ours: its unknown fields are skipped (KMIP 1.4 §11.1). */
  readonly skipsUnknownFields: boolean;
}

/** Reads and writes one kind of value. The reader stands on its item; the writer is given the tag of it. */
export interface Codec<V> {
  read(reader: TtlvReader, context: CodecContext): V;
  write(writer: TtlvWriter, tag: number, value: V, context: CodecContext): void;
}

const versionOrdinal = (version: ProtocolVersion): number => version.major * 1000 + version.minor;

export const parseVersion = (version: KmipVersion): number => {
  const [major, minor] = version.split('.');
  return versionOrdinal({ major: Number(major), minor: Number(minor) });
};

/** @throws KmipError for a major version that is not ours: its messages have other fields (KMIP 1.4 §6.1). */
export function codecContext(version: ProtocolVersion): CodecContext {
  if (version.major !== NEWEST_KNOWN_VERSION.major || version.minor < 0 || version.minor > 999) {
    throw new KmipError(
      ResultReason.InvalidMessage,
      `KMIP ${version.major}.${version.minor} is not supported; this server speaks KMIP 1.0 to 1.${NEWEST_KNOWN_VERSION.minor}`,
    );
  }
  const ordinal = versionOrdinal(version);
  return { version: ordinal, skipsUnknownFields: ordinal > versionOrdinal(NEWEST_KNOWN_VERSION) };
}

/** A codec whose objects look different from what is on the wire. */
export const mapped = <W, V>(wire: Codec<W>, fromWire: (wire: W) => V, toWire: (value: V) => W): Codec<V> => ({
  read: (reader, context) => fromWire(wire.read(reader, context)),
  write: (writer, tag, value, context) => wire.write(writer, tag, toWire(value), context),
});
