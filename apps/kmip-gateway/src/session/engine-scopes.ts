import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { stopping } from '@lib/kernel';
import { type EngineScope } from '@lib/kmip-engine';
import { type PeerDescription } from '@lib/kmip-transport';
import { PostgresObjectStores } from '@lib/persistence';
import { RestoreWatch, TenantKeyManagers } from '@lib/platform';
import { type DirectoryEntry } from '@lib/tenancy';

import { GATEWAY_CONFIG } from '../gateway-config.module';

/** What the engine may touch for one message: one tenant, and nothing beside it. */
@Injectable()
export class EngineScopes implements OnModuleDestroy {
  readonly #stopping = stopping();

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(PostgresObjectStores) private readonly stores: PostgresObjectStores,
    @Inject(TenantKeyManagers) private readonly keyManagers: TenantKeyManagers,
    @Inject(RestoreWatch) private readonly restore: RestoreWatch,
  ) {}

  async withKeyManager(client: DirectoryEntry, peer: PeerDescription): Promise<EngineScope> {
    return { ...this.bare(client, peer), ...(await this.keyManagers.for(client.instanceId)) };
  }

  /** Without a key manager, for what concerns no key: nothing in it can fail. */
  bare(client: DirectoryEntry, peer: PeerDescription): EngineScope {
    const { instanceId, fingerprint, certificateName } = client;
    return {
      instanceId,
      certificateFingerprint: fingerprint,
      certificateName,
      remoteAddress: peer.remoteAddress,
      endpointName: this.config.kmipEndpointName,
      destructionsWait: this.restore.destructionsWait(instanceId),
      store: this.stores.forClient(client),
      limits: { maximumLiveKeys: client.maximumKeys, maximumAnswerBytes: this.config.kmipMaximumAnswerBytes },
      signal: this.#stopping.signal,
    };
  }

  /** Whoever was still being served when the listener's patience ended. */
  onModuleDestroy(): void {
    this.#stopping.abort();
  }
}
