import { type WireForm } from './vim/output';

/**
 * What the reference leaves open. A client may rely on none of it: the tests of ours run with PLAIN and with UNKIND.
 */
export interface BehaviourSettings extends WireForm {
  /** The 6.5 guide says so; PowerCLI marks it itself, so it need not be so. */
  readonly firstProviderIsDefault: boolean;
  /** Whether every uploaded server certificate is trusted or the last one alone [inferred: every]. */
  readonly serverTrust: 'every' | 'last';
  /** So many looks at the status show the state before trust was set up. */
  readonly statusLag: number;
  /** Removing the last server of a provider: vcsim keeps it. */
  readonly emptyProvider: 'kept' | 'removed';
  /** Objects on a page whose maxObjects is larger or was not given. */
  readonly pageSize: number;
  /** Whether a shallow recrypt also reaches the files of a snapshot beside its disks [inferred: yes]. */
  readonly snapshotHomes: 'recrypted' | 'kept';
  /** A locked machine may have no `config` at all, and `invalid` as its connection [inferred]. */
  readonly lockedConfig: 'readable' | 'gone';
  /** Whether vSAN says of a cluster that it is not encrypted, or says nothing of encryption [inferred]. */
  readonly unencryptedVsan: 'said' | 'unset';
  /** How long a task takes, and how long it waits in the queue before. */
  readonly taskSeconds: number;
  readonly queueSeconds: number;
}

export const PLAIN: BehaviourSettings = {
  typeNames: 'everywhere',
  faultsInData: 'inline',
  nothing: 'no_content',
  firstProviderIsDefault: true,
  serverTrust: 'every',
  statusLag: 0,
  emptyProvider: 'kept',
  pageSize: 1000,
  snapshotHomes: 'recrypted',
  lockedConfig: 'readable',
  unencryptedVsan: 'said',
  taskSeconds: 0,
  queueSeconds: 0,
};

/** All of it at once. */
export const UNKIND: BehaviourSettings = {
  ...PLAIN,
  typeNames: 'where_needed',
  faultsInData: 'wrapped',
  nothing: 'empty',
  firstProviderIsDefault: false,
  statusLag: 1,
  emptyProvider: 'removed',
  pageSize: 3,
  snapshotHomes: 'kept',
  lockedConfig: 'gone',
  unencryptedVsan: 'unset',
};

/** In memory, like the faults: a restarted vCenter behaves plainly. */
export class Behaviour {
  #settings = PLAIN;

  get settings(): BehaviourSettings {
    return this.#settings;
  }

  change(settings: Partial<BehaviourSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
  }

  forget(): void {
    this.#settings = PLAIN;
  }
}
