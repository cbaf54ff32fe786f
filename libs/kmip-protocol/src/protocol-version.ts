/** Protocol Version of a header (KMIP 1.4 §6.1). Those the tables know are one object each, see {@link versionOf}. */
export interface ProtocolVersion {
  readonly major: number;
  readonly minor: number;
}

const version = (major: number, minor: number): ProtocolVersion => Object.freeze({ major, minor });

export const V1_0 = version(1, 0);
export const V1_1 = version(1, 1);
export const V1_2 = version(1, 2);
export const V1_3 = version(1, 3);
export const V1_4 = version(1, 4);
/** Known to the tables, not spoken: attributes travel by tag from here on. */
export const V2_0 = version(2, 0);
export const V2_1 = version(2, 1);

const known: readonly (readonly ProtocolVersion[])[] = [[], [V1_0, V1_1, V1_2, V1_3, V1_4], [V2_0, V2_1]];

/** Every version that the tables know, oldest first. */
export const KNOWN_VERSIONS: readonly ProtocolVersion[] = known.flat();

/** The one object of a version that is known, so that reading a header makes none; a new one for any other. */
export const versionOf = (major: number, minor: number): ProtocolVersion =>
  known[major]?.[minor] ?? version(major, minor);

/** Versions as integers, in their order: what the codec compares. Minor versions go up to 999. */
export const versionOrdinal = ({ major, minor }: ProtocolVersion): number => major * 1000 + minor;

/** Whether a message of `version` has what came with `since`. */
export const isAtLeast = (version: ProtocolVersion, since: ProtocolVersion): boolean =>
  version.major === since.major ? version.minor >= since.minor : version.major > since.major;

export const isSameVersion = (one: ProtocolVersion, other: ProtocolVersion): boolean =>
  one.major === other.major && one.minor === other.minor;

export const versionText = ({ major, minor }: ProtocolVersion): string => `${major}.${minor}`;
