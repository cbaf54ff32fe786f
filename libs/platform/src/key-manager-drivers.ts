import {
  type KeyManagerBinding,
  type KeyManagerDriver,
  KeyManagerError,
  type KeyManagerPlan,
  KeyManagerRegistry,
  observedKeyManager,
  type WatchedCall,
} from '@lib/key-manager';
import { hpcs, keyProtect, type KeyProtectSettings } from '@lib/key-protect';

/** What the drivers have to be told, all together. */
export type DriverSettings = KeyProtectSettings;

/** Every kind of key manager: a driver is a folder, and a line here with its import (docs/adr/0087). */
export const KEY_MANAGER_DRIVERS = {
  key_protect: keyProtect,
  hpcs,
} as const satisfies Readonly<Record<string, KeyManagerDriver<DriverSettings>>>;

export type KeyManagerKind = keyof typeof KEY_MANAGER_DRIVERS;

/** Where instances may be, by the settings that the drivers name; absent is where the driver says. */
export type KeyManagerEndpoints = Readonly<
  Partial<Record<(typeof KEY_MANAGER_DRIVERS)[KeyManagerKind]['endpointsSetting'], readonly string[] | undefined>>
>;

const byKind = (kind: string): KeyManagerDriver<DriverSettings> | undefined =>
  Object.values(KEY_MANAGER_DRIVERS).find((candidate) => candidate.kind === kind);

/** @throws KeyManagerError `refused` for a kind that this release does not know */
export function driverOf(kind: string): KeyManagerDriver<DriverSettings> {
  const driver = byKind(kind);
  if (driver !== undefined) return driver;
  throw new KeyManagerError('refused', 'a later release bound this key manager: here is no driver for it', {
    certainlyNotDone: true,
  });
}

/** Where a binding leads, as far as its plan goes. @returns undefined where nothing is known of it */
export function planOf(bound: {
  readonly kind: string;
  readonly keyManagerCrn: string;
  readonly endpointUrl: string;
}): KeyManagerPlan | undefined {
  const driver = byKind(bound.kind);
  const location = driver?.locate(bound.keyManagerCrn);
  return location && driver?.planAt?.(location, bound.endpointUrl);
}

/** Told of the calls under a root key, whoever makes them. */
export interface KeyManagerListener {
  called(binding: KeyManagerBinding, call: WatchedCall, error: KeyManagerError | undefined): void;
}

export const keyManagerRegistry = (settings: DriverSettings, listener?: KeyManagerListener): KeyManagerRegistry =>
  new KeyManagerRegistry((binding) => {
    const connection = driverOf(binding.kind).connect(settings, binding);
    if (listener === undefined) return connection;
    const keyManager = observedKeyManager(connection.keyManager, (call, error) =>
      listener.called(binding, call, error),
    );
    return { ...connection, keyManager };
  });
