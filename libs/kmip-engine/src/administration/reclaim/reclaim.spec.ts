import { aManagedObject } from '@lib/testing';
import {
  type InventoriedClient,
  isUnreferenced,
  type KeyInventory,
  type ReclaimError,
  referencesOf,
  requireCoverage,
  requireFresh,
} from '@lib/kmip-engine';

const HOUR_MS = 3_600_000;
const NOW = new Date('2026-11-30T12:00:00.000Z');
const ago = (hours: number): Date => new Date(NOW.getTime() - hours * HOUR_MS);
const inventory = (takenAt: Date, keyIds: readonly string[] = []): KeyInventory => ({
  takenAt,
  uploadedAt: NOW,
  uploadedBy: 'one',
  source: 'PowerCLI',
  keyIds,
  coveredCertificates: ['aa'],
  certificatesWithoutKeys: ['bb'],
});

function refusalOf(given: KeyInventory | undefined): string | undefined {
  try {
    requireFresh(given, NOW);
    return undefined;
  } catch (error) {
    return (error as ReclaimError).code;
  }
}

function refusalBy(act: () => void): ReclaimError {
  try {
    act();
  } catch (error) {
    return error as ReclaimError;
  }
  throw new Error('nothing was refused');
}

describe('an inventory', () => {
  it.each([
    [0, undefined],
    [24, undefined],
    [24.1, 'inventory_outdated'],
    [-0.05, undefined],
    [-1, 'inventory_outdated'],
  ])('of %d hours ago: %s', (hours, refusal) => {
    expect(refusalOf(inventory(ago(hours)))).toBe(refusal);
  });

  it('speaks of every client, as looked at or as without keys', () => {
    const given = inventory(ago(1));
    const demanded = (...clients: readonly InventoriedClient[]) => {
      requireCoverage(given, clients);
    };
    demanded();
    demanded({ fingerprint: 'aa', name: 'vc-01' }, { fingerprint: 'bb' });
    const lastSeen = { at: ago(3), address: '192.0.2.4' };
    expect(() => {
      demanded({ fingerprint: 'aa' }, { fingerprint: 'cc', name: 'vc-02', lastSeen }, { fingerprint: 'dd', lastSeen });
    }).toThrow(
      '`vc-02` (last seen at 2026-11-30T09:00:00.000Z from 192.0.2.4), SHA-256 dd (removed; last seen at 2026-11-30T09:00:00.000Z from',
    );
    const many = Array.from({ length: 250 }, (_, index) => ({
      fingerprint: String(index),
      name: 'x'.repeat(128),
      lastSeen: { at: ago(3), address: 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255' },
    }));
    const told = refusalBy(() => {
      demanded(...many);
    });
    expect([told.code, told.message.length < 2_048, told.message.includes(', and 245 more')]).toEqual([
      'inventory_incomplete',
      true,
      true,
    ]);
  });

  it('is needed: when keys were fetched makes no candidate', () => {
    expect(refusalOf(undefined)).toBe('inventory_missing');
  });
});

describe('a key', () => {
  const old = { initialDate: ago(1_000) };
  const taken = inventory(ago(2));
  it.each<[string, object, boolean]>([
    ['that nobody ever fetched', old, true],
    ['that was last fetched before', { ...old, lastFetchedAt: ago(900) }, true],
    ['that was fetched since', { ...old, lastFetchedAt: ago(1) }, false],
    ['that was made since', { initialDate: ago(1) }, false],
    ['that is destroyed', { ...old, state: 'Destroyed' }, false],
    ['whose destruction has begun', { ...old, destroyRequestedAt: NOW }, false],
    ['that is suspended', { ...old, suspended: true }, true],
  ])('%s and is in no machine', (_which, facts, unreferenced) => {
    expect(isUnreferenced({ ...aManagedObject(), ...facts }, taken, referencesOf(taken))).toBe(unreferenced);
  });

  it('that is made after the upload is none, though the clock of who took the inventory was ahead', () => {
    const ahead = inventory(ago(-0.08));
    const made = { ...aManagedObject(), initialDate: ago(-0.02) };
    expect(isUnreferenced(made, ahead, referencesOf(ahead))).toBe(false);
    const fetched = { ...aManagedObject(), ...old, lastFetchedAt: ago(-0.02) };
    expect(isUnreferenced(fetched, ahead, referencesOf(ahead))).toBe(false);
  });

  it('that a machine has is none, however its id is written', () => {
    const key = { ...aManagedObject(), ...old };
    const referenced = inventory(ago(2), [key.uniqueIdentifier.toUpperCase()]);
    expect(isUnreferenced(key, referenced, referencesOf(referenced))).toBe(false);
  });
});
