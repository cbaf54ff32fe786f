import { OBJECT_KINDS } from '@lib/kmip-engine';
import { ObjectType } from '@lib/kmip-protocol';

import { RunningService } from '../e2e/support/running-service';
import { pykmipMissing, runPykmip } from './support/pykmip';

jest.setTimeout(180_000);

/** `SymmetricKey` is SYMMETRIC_KEY there. */
const pykmipName = (type: number): string | undefined =>
  Object.entries(ObjectType)
    .find(([, number]) => number === type)?.[0]
    .replace(/\B[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase();

interface Life {
  readonly uid: string;
  readonly length: number;
  readonly algorithm: string;
  readonly attribute_list: readonly string[];
  readonly state_before: string;
  readonly state_active: string;
  readonly state_revoked: string;
  readonly name: string;
  readonly absent: boolean;
  readonly located: readonly string[];
  readonly activate_twice: readonly string[] | null;
  readonly destroy_active: readonly string[] | null;
  readonly same_key: boolean;
  readonly get_unknown: readonly string[];
  readonly destroy: readonly string[] | null;
  readonly get_destroyed: readonly string[] | null;
  readonly versions?: readonly string[];
  readonly operations: readonly string[];
  readonly object_types: readonly string[];
}

/** Attributes that a version brings (KMIP 1.0 to 1.4 §3), beyond those of 1.0. */
const SINCE: readonly (readonly string[])[] = [
  [
    'Cryptographic Algorithm',
    'Cryptographic Length',
    'Cryptographic Usage Mask',
    'Digest',
    'Initial Date',
    'Last Change Date',
    'Lease Time',
    'Name',
    'Object Type',
    'State',
    'Unique Identifier',
  ],
  ['Fresh'],
  ['Original Creation Date'],
  ['Random Number Generator'],
  ['Always Sensitive', 'Extractable', 'Never Extractable', 'Sensitive'],
];

describe('PyKMIP, a third-party client', () => {
  let service: RunningService;
  let missing: string | undefined;

  beforeAll(async () => {
    missing = await pykmipMissing();
    if (missing !== undefined) throw new Error(missing);
    service = await RunningService.start({ cloud: 'unkind' });
  });

  afterAll(async () => {
    await service.remove();
  });

  it.each([0, 1, 2, 3, 4])('lives the life of a key over KMIP 1.%i', async (minor) => {
    const { kmip } = service.connection;
    const endpoint = minor % 2;
    const seen = await runPykmip<Life>('pykmip_life.py', [
      kmip.host,
      String(kmip.ports[endpoint]),
      kmip.clientCertificate,
      kmip.clientKey,
      kmip.serverCa,
      String(minor),
    ]);
    expect(seen).toMatchObject({
      length: 256,
      algorithm: 'AES',
      state_before: 'PRE_ACTIVE',
      state_active: 'ACTIVE',
      state_revoked: 'DEACTIVATED',
      name: `pykmip-1.${minor}`,
      absent: true,
      located: [seen.uid],
      same_key: true,
      object_types: OBJECT_KINDS.map(({ objectType }) => pykmipName(objectType)),
    });
    expect(seen.activate_twice?.slice(0, 2)).toEqual(['OPERATION_FAILED', 'PERMISSION_DENIED']);
    expect(seen.destroy_active?.slice(0, 2)).toEqual(['OPERATION_FAILED', 'PERMISSION_DENIED']);
    expect(seen.get_unknown.slice(0, 2)).toEqual(['OPERATION_FAILED', 'ITEM_NOT_FOUND']);
    expect(seen.destroy).toBeNull();
    expect(seen.get_destroyed?.slice(0, 2)).toEqual(['OPERATION_FAILED', 'ITEM_NOT_FOUND']);

    expect([...seen.attribute_list].sort()).toEqual(
      SINCE.slice(0, minor + 1)
        .flat()
        .sort(),
    );
    if (minor > 0) expect(seen.versions).toEqual(['1.4', '1.3', '1.2', '1.1', '1.0']);
    expect(seen.operations.includes('DISCOVER_VERSIONS')).toBe(minor > 0);
  });
});
