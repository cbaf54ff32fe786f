import { isSameVersion, type ProtocolVersion, V1_0, V1_1, V1_2, V1_3, V1_4 } from '@lib/kmip-protocol';

export const newestVersion = V1_4;
export const oldestVersion = V1_0;

/** In falling preference (KMIP 1.4 §4.26). */
export const supportedVersions: readonly ProtocolVersion[] = [newestVersion, V1_3, V1_2, V1_1, oldestVersion];

export const isSupported = (version: ProtocolVersion): boolean =>
  supportedVersions.some((supported) => isSameVersion(supported, version));
