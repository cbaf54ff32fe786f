import { type ManagedObjectReference } from '@lib/vi-json';

import { noPermission } from './vim/fault';
import { type CenterStore, type UserRow } from './rows';

export const ADMINISTRATOR = 'administrator@vsphere.local';

/** What the role Administrator of 8.0 grants, as far as something here asks for it. */
export const EVERY_PRIVILEGE = [
  'System.Anonymous',
  'System.View',
  'System.Read',
  'Cryptographer.ManageKeyServers',
  'Cryptographer.ManageKeys',
  'Cryptographer.ReadKeyServersInfo',
  'Cryptographer.Encrypt',
  'Cryptographer.EncryptNew',
  'Cryptographer.Decrypt',
  'Cryptographer.Recrypt',
  'Cryptographer.AddDisk',
  'Cryptographer.Clone',
  'Cryptographer.Migrate',
  'Cryptographer.Access',
  'Cryptographer.RegisterVM',
  'Cryptographer.RegisterHost',
  'Cryptographer.ManageEncryptionPolicy',
  'Datastore.FileManagement',
  'Host.Inventory.EditCluster',
  'Vsan.Cluster.ShallowRekey',
  'VirtualMachine.Interact.PowerOn',
  'VirtualMachine.Interact.PowerOff',
  'VirtualMachine.Config.AddRemoveDevice',
  'VirtualMachine.State.RemoveSnapshot',
  'VirtualMachine.Provisioning.PromoteDisks',
] as const;

export type Privilege = (typeof EVERY_PRIVILEGE)[number];

/** Whether the user has it there. A privilege that nobody knows nobody has. */
export function isGranted(user: UserRow, privilege: string, object: ManagedObjectReference): boolean {
  if (user.role === 'none' || !EVERY_PRIVILEGE.some((known) => known === privilege)) return false;
  return !user.without.includes(privilege) && !user.without.includes(`${privilege}@${object.value}`);
}

/** @throws VimFault NoPermission that names the privilege */
export function demand(user: UserRow, privilege: Privilege, object: ManagedObjectReference): void {
  if (!isGranted(user, privilege, object)) throw noPermission(object, privilege);
}

/**
 * Five wrong passwords within three minutes lock an account (defaults of vCenter Single Sign-On by VMware's page "Configure
 * the Account Lockout Policy"); it has 15 minutes for how long, others five [inferred]. System accounts, that of the
 * administrator among them, are never locked (the same page; GUID-2D25D311).
 */
const ATTEMPTS = 5;
const WITHIN_MS = 180_000;
const LOCKED_MS = 300_000;

/** Who may log in. A locked account is told the same as one with a wrong password [inferred]. */
export class Users {
  readonly #failures = new Map<string, number[]>();

  constructor(
    private readonly store: CenterStore,
    private readonly monotonicMs: () => number,
  ) {}

  /** Names are matched without case, as by Single Sign-On. */
  find(name: string): UserRow | undefined {
    return this.store.get('user', name.toLowerCase());
  }

  /** @returns undefined when it is not this user */
  verify(name: string, password: string): UserRow | undefined {
    const now = this.monotonicMs();
    const user = this.find(name);
    if (user === undefined) return undefined;
    const failures = (this.#failures.get(user.name) ?? []).filter((at) => now - at < LOCKED_MS);
    const recent = failures.filter((at) => now - at < WITHIN_MS);
    const locked = failures.length >= ATTEMPTS && user.name !== ADMINISTRATOR;
    if (locked || user.password !== password) {
      this.#failures.set(user.name, locked ? failures : [...recent.slice(-ATTEMPTS), now]);
      return undefined;
    }
    this.#failures.delete(user.name);
    return user;
  }
}
