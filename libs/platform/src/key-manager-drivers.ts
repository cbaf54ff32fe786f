import {
  type KeyManagerBinding,
  type KeyManagerDriver,
  KeyManagerError,
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

/** @throws KeyManagerError `refused` for a kind that this release does not know */
export function driverOf(kind: string): KeyManagerDriver<DriverSettings> {
  const driver = Object.values(KEY_MANAGER_DRIVERS).find((candidate) => candidate.kind === kind);
  if (driver !== undefined) return driver;
  throw new KeyManagerError('refused', 'a later release bound this key manager: here is no driver for it', {
    certainlyNotDone: true,
  });
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
