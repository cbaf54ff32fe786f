import { type ProtocolVersion } from '@lib/kmip-protocol';

/** In falling preference (KMIP 1.4 §4.26). */
export const supportedVersions: readonly ProtocolVersion[] = [
  { major: 1, minor: 4 },
  { major: 1, minor: 3 },
  { major: 1, minor: 2 },
  { major: 1, minor: 1 },
  { major: 1, minor: 0 },
];

export const isSupported = ({ major, minor }: ProtocolVersion): boolean =>
  supportedVersions.some((version) => version.major === major && version.minor === minor);
