import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';

import { type CallLimits, KeyManagerRegistry, type TryEvent } from '@lib/key-manager';
import { type Logger } from '@lib/observability';
import { PostgresInvalidationBus } from '@lib/persistence';
import { KeyMoveService, RootKeyBindingService } from '@lib/tenancy';

import { type CloudEndpointSettings, endpointGuard, endpointTemplates } from '../cloud-endpoints';
import { type KeyManagerListener, keyManagerRegistry } from '../key-manager-drivers';
import { TenantKeyManagers } from '../tenant-key-managers';
import { LOGGER } from './process.module';
import { built } from './providers';

/** Told of every try of a call to a key manager, by the process that wants to count them; optional. */
export const KEY_MANAGER_CALLS = Symbol('KEY_MANAGER_CALLS');

export interface KeyManagerCalls {
  keyManagerTried(event: TryEvent): void;
}

/** Told of how calls to key managers ended, by the process that tells tenants; optional. A {@link KeyManagerListener}. */
export const KEY_MANAGER_LISTENER = Symbol('KEY_MANAGER_LISTENER');

export interface KeyManagersOptions extends CloudEndpointSettings {
  readonly iamUrl: string;
  readonly callLimits?: CallLimits;
}

/** The tenants' key managers, as their root-key bindings name them. */
@Global()
@Module({})
export class KeyManagersModule implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(TenantKeyManagers) private readonly keyManagers: TenantKeyManagers) {}

  static forRoot(options: KeyManagersOptions): DynamicModule {
    const registry = {
      provide: KeyManagerRegistry,
      inject: [
        KeyMoveService,
        LOGGER,
        { token: KEY_MANAGER_CALLS, optional: true },
        { token: KEY_MANAGER_LISTENER, optional: true },
      ],
      useFactory: (moves: KeyMoveService, logger: Logger, calls?: KeyManagerCalls, listener?: KeyManagerListener) =>
        keyManagerRegistry(
          {
            iamUrl: options.iamUrl,
            ...(options.callLimits && { limits: options.callLimits }),
            endpoints: endpointGuard(endpointTemplates(options)),
            observer: {
              tried: (_instanceId, event) => calls?.keyManagerTried(event),
              // Lost: it is seen within ten minutes all the same.
              rotated: (instanceId) =>
                void moves.rotationSeen(instanceId).catch((error: unknown) => {
                  logger.warn({ instanceId, err: error }, 'a rotation that was seen could not be told');
                }),
            },
          },
          listener,
        ),
    };
    const tenants = built(TenantKeyManagers, [RootKeyBindingService, KeyManagerRegistry, PostgresInvalidationBus]);
    return { module: KeyManagersModule, providers: [registry, tenants], exports: [TenantKeyManagers] };
  }

  onModuleInit(): void {
    this.keyManagers.start();
  }

  /** Not before requests under way are answered: an HTTP server is closed between `onModuleDestroy` and this. */
  async onApplicationShutdown(): Promise<void> {
    await this.keyManagers.stop();
  }
}
