import { type InstanceId, Secret } from '@lib/kernel';

import { CredentialSealer, type Sealed, type SealedRow, type ServiceKeyring } from './credential-sealer';

const ring = (newest: number, versions: readonly number[]): ServiceKeyring => ({
  newest,
  keys: new Map(versions.map((version) => [version, Secret.of(Buffer.alloc(32, version))])),
});

const row: SealedRow = { instanceId: 'i-1' as InstanceId, rowId: 'r-1' };
const apiKey = () => Secret.fromText('the API key');
const unreadable = expect.objectContaining({ code: 'credential_unreadable' }) as unknown;

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('CredentialSealer', () => {
  const sealer = new CredentialSealer(ring(1, [1]));

  it('opens what it sealed, shows none of it, and never seals twice the same', () => {
    const sealed = sealer.seal(row, apiKey());
    expect(sealer.open(row, sealed).exposeText()).toBe('the API key');
    expect(sealed.bytes.includes('the API key')).toBe(false);
    expect(sealer.seal(row, apiKey()).bytes.equals(sealed.bytes)).toBe(false);
  });

  it.each<[string, SealedRow]>([
    ['instance', { ...row, instanceId: 'i-2' as InstanceId }],
    ['row', { ...row, rowId: 'r-2' }],
  ])('does not open in another %s', (_, other) => {
    const sealed = sealer.seal(row, apiKey());
    expect(thrownBy(() => sealer.open(other, sealed))).toEqual(unreadable);
  });

  it('does not open when any byte was changed or the end is missing', () => {
    const { bytes, serviceKeyVersion } = sealer.seal(row, apiKey());
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect(thrownBy(() => sealer.open(row, { bytes: changed, serviceKeyVersion }))).toEqual(unreadable);
      const cut = bytes.subarray(0, at);
      expect(thrownBy(() => sealer.open(row, { bytes: cut, serviceKeyVersion }))).toEqual(unreadable);
    }
  });

  it('moves to the newest service key, after which the old one is not needed', () => {
    const old = sealer.seal(row, apiKey());
    const both = new CredentialSealer(ring(2, [1, 2]));
    const moved = both.reseal(row, old);
    expect(moved.serviceKeyVersion).toBe(2);
    expect(new CredentialSealer(ring(2, [2])).open(row, moved).exposeText()).toBe('the API key');
    const claimed: Sealed = { ...old, serviceKeyVersion: 2 };
    expect(thrownBy(() => both.open(row, claimed))).toEqual(unreadable);
    expect(thrownBy(() => new CredentialSealer(ring(2, [2])).open(row, old))).toEqual(unreadable);
  });

  it('refuses a keyring with a short key or without its newest one', () => {
    const short = { newest: 1, keys: new Map([[1, Secret.of(Buffer.alloc(16))]]) };
    expect(() => new CredentialSealer(short)).toThrow('must have 32 bytes');
    expect(() => new CredentialSealer(ring(3, [1, 2]))).toThrow('not in the keyring');
  });
});
