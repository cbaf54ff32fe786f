import { type KmipCredential, type KmipPasswords, type RegionDirectory } from '@lib/tenancy';

export interface OutdatedKmipPassword extends Pick<KmipCredential, 'instanceId' | 'id' | 'serviceKeyVersion'> {
  /** False: its service key is gone, and its clients are refused already. */
  readonly valid: boolean;
}

/**
 * KMIP passwords that are kept under another than the newest service key. They cannot be sealed anew without being known:
 * their owners replace them, before that service key is taken away.
 */
export async function outdatedKmipPasswords(
  directory: Pick<RegionDirectory, 'kmipCredentials'>,
  passwords: Pick<KmipPasswords, 'canMatch'>,
  newestServiceKeyVersion: number,
): Promise<readonly OutdatedKmipPassword[]> {
  return (await directory.kmipCredentials())
    .filter(({ serviceKeyVersion }) => serviceKeyVersion !== newestServiceKeyVersion)
    .map(({ instanceId, id, serviceKeyVersion }) => ({
      instanceId,
      id,
      serviceKeyVersion,
      valid: passwords.canMatch({ serviceKeyVersion }),
    }));
}
