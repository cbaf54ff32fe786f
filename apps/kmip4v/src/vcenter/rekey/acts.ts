import {
  type CryptoKeyId,
  cryptoKeyId,
  KeyProviders,
  type ManagedObjectReference,
  providerId,
  type RetrievedObject,
  retrieveSome,
  type ViSession,
  type VsanDataEncryptionConfig,
} from '@lib/vi-json';

import { MACHINE_PROPERTIES, machineReferences } from '../inventory/machines';
import { VSAN_SYSTEM, VSAN_TYPE } from '../inventory/vsan';
import { idOf, type RekeyMode, type Target } from './journal';
import { machineSpec, policy } from './specs';

/** By what keys bear, those are found again whose making was cut: the re-key they were made by, and for what. */
export const RUN_ATTRIBUTE = 'x-kmip4v-rekey';
export const OBJECT_ATTRIBUTE = 'x-kmip4v-object';

/** It was deleted meanwhile, and needs no key. */
export class Gone extends Error {
  constructor() {
    super('it is gone from vCenter');
  }
}

export interface RekeyWish {
  /** Identifier of the journal: keys that are made bear it. */
  readonly run: string;
  readonly mode: RekeyMode;
  readonly provider: string;
  readonly profile?: string;
}

/** What one target needs of vCenter. Its mark is the key that it gets; of vSAN, which makes its own, the key before. */
export interface Act {
  /** Whether the mark is a new key: after a kill there may be one that nothing uses. */
  readonly makesKey: boolean;
  prepare(): Promise<string>;
  /** Whether all of it is as the mark wants it, by the object itself. */
  isDone(mark: string): Promise<boolean>;
  /** @returns the task, where it is one */
  start(mark: string): Promise<ManagedObjectReference | undefined>;
  /** Where vCenter makes it: the key that it has got. */
  readonly keyMade?: () => Promise<string | undefined>;
}

export class Acts {
  readonly #providers: KeyProviders;

  constructor(
    private readonly session: ViSession,
    private readonly wish: RekeyWish,
  ) {
    this.#providers = new KeyProviders(session);
  }

  #newKey(target: Target) {
    const attributes = { [RUN_ATTRIBUTE]: this.wish.run, [OBJECT_ATTRIBUTE]: idOf(target) };
    return {
      makesKey: true,
      prepare: async (): Promise<string> => (await this.#providers.generateKey(this.wish.provider, attributes)).keyId,
    };
  }

  of(target: Target): Act {
    switch (target.kind) {
      case 'machine':
        return this.#machine(target);
      case 'host':
        return this.#host(target);
      case 'first_class_disk':
        return this.#disk(target);
      case 'vsan':
        return this.#vsan(target);
    }
  }

  #machine(target: Target): Act {
    const { object, name } = target;
    return {
      ...this.#newKey(target),
      isDone: async (keyId) => {
        const machine = await this.#read(object, MACHINE_PROPERTIES);
        const references = machineReferences(machine, name).filter(({ kind }) => kind !== 'customization');
        return references.length > 0 && references.every((each) => this.#isNew(each.keyId, each.provider, keyId));
      },
      start: async (keyId) => {
        const machine = await this.#read(object, MACHINE_PROPERTIES);
        const spec = machineSpec(machine, this.#key(keyId), this.wish);
        return await this.session.call(object, 'VirtualMachine', 'ReconfigVM_Task', { spec });
      },
    };
  }

  #host(target: Target): Act {
    const { object } = target;
    return {
      ...this.#newKey(target),
      isDone: async (keyId) => {
        const key = (await this.#read(object, ['runtime.cryptoKeyId'])).get<CryptoKeyId>('runtime.cryptoKeyId');
        return this.#isNew(key?.keyId, key?.providerId?.id, keyId);
      },
      start: async (keyId) => {
        await this.session.call(object, 'HostSystem', 'ConfigureCryptoKey', { keyId: this.#key(keyId) });
        return undefined;
      },
    };
  }

  #disk(target: Target): Act {
    const { object, name, datastore } = target;
    const { vStorageObjectManager: manager } = this.session.content;
    if (manager === undefined || datastore === undefined) throw new Error(`${name}: its datastore is not known`);
    const type = 'VcenterVStorageObjectManager';
    const at = { id: { _typeName: 'ID', id: object.value }, datastore } as const;
    const { profile } = this.wish;
    return {
      ...this.#newKey(target),
      isDone: async (keyId) => {
        const { config } = await this.session.call(manager, type, 'RetrieveVStorageObject', at);
        return this.#isNew(config.backing.keyId?.keyId, config.backing.keyId?.providerId?.id, keyId);
      },
      start: async (keyId) =>
        await this.session.call(manager, type, 'UpdateVStorageObjectCrypto_Task', {
          ...at,
          ...(profile === undefined ? {} : { profile: [policy(profile)] }),
          disksCrypto: {
            _typeName: 'DiskCryptoSpec',
            crypto: {
              _typeName: this.wish.mode === 'shallow' ? 'CryptoSpecShallowRecrypt' : 'CryptoSpecDeepRecrypt',
              newKeyId: this.#key(keyId),
            },
          },
        }),
    };
  }

  /** Another provider is a reconfiguration; a new key of the same one is a re-key of its own. */
  #vsan({ object }: Target): Act {
    const [type, system] = [VSAN_TYPE, VSAN_SYSTEM] as const;
    const current = async (): Promise<VsanDataEncryptionConfig | undefined> =>
      (await this.session.call(system, type, 'VsanClusterGetConfig', { cluster: object }))?.dataEncryptionConfig;
    return {
      makesKey: false,
      prepare: async () => (await current())?.kekId ?? '',
      keyMade: async () => (await current())?.kekId,
      isDone: async (before) => {
        const config = await current();
        return config?.kmsProviderId?.id === this.wish.provider && config.kekId !== before && config.changing !== true;
      },
      start: async () =>
        (await current())?.kmsProviderId?.id === this.wish.provider
          ? await this.session.call(system, type, 'VsanEncryptedClusterRekey_Task', {
              encryptedCluster: object,
              deepRekey: this.wish.mode === 'deep',
            })
          : await this.session.call(system, type, 'VsanClusterReconfig', {
              cluster: object,
              vsanReconfigSpec: {
                _typeName: 'VimVsanReconfigSpec',
                modify: true,
                dataEncryptionConfig: { encryptionEnabled: true, kmsProviderId: providerId(this.wish.provider) },
              },
            }),
    };
  }

  #isNew(keyId: string | undefined, provider: string | undefined, wanted: string): boolean {
    return keyId === wanted && provider === this.wish.provider;
  }

  #key(keyId: string): CryptoKeyId {
    return cryptoKeyId(keyId, this.wish.provider);
  }

  async #read(object: ManagedObjectReference, paths: readonly string[]): Promise<RetrievedObject> {
    const [read] = await retrieveSome(this.session, [object], { [object.type]: paths });
    if (read === undefined) throw new Gone();
    return read;
  }
}
