import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Injectable,
  Module,
  type ModuleMetadata,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';

import { type EndpointPolicy, type LeasedWorker } from '@lib/tenancy';

import { BrokerParts } from './broker-parts';
import { type BrokerObserver } from './http/osb.plugin';
import { type OsbRoute } from './http/osb-call';
import { type PlatformAuthentication } from './http/platform-authentication';
import { CatalogController } from './service/catalog.controller';
import { InstanceStateController } from './service/instance-state.controller';
import { type KmipEndpointAddress, ServiceBindingsController } from './service/service-bindings.controller';
import { ServiceInstancesController } from './service/service-instances.controller';
import { type ServiceOffer } from './service/service-offer';

/** Token of {@link BrokerOptions}. */
export const BROKER_OPTIONS = Symbol('BROKER_OPTIONS');
/** Token of {@link BrokerRoutes}. */
export const BROKER_ROUTES = Symbol('BROKER_ROUTES');

/** Everything the broker is made of; the composition root decides what stands behind it. */
export interface BrokerOptions {
  readonly parts: BrokerParts;
  readonly offer: ServiceOffer;
  readonly authentication: PlatformAuthentication;
  readonly observer: BrokerObserver;
  readonly regions: readonly string[];
  readonly endpoints: readonly KmipEndpointAddress[];
  readonly keyManagers: Pick<EndpointPolicy, 'kindOf'>;
  readonly publicUrl: string;
  /** Duties beside those of the parts. */
  readonly duties?: readonly Pick<LeasedWorker, 'round' | 'start' | 'stop'>[];
}

/** The routes of the specification and of IBM's extension, each for its own space. */
export interface BrokerRoutes {
  readonly v2: readonly OsbRoute[];
  readonly bluemixV1: readonly OsbRoute[];
}

function routesOf(options: BrokerOptions): BrokerRoutes {
  const { parts, offer } = options;
  const { provisioning, updates, deprovisioning, states, bindings } = parts;
  const { regions, keyManagers, publicUrl, endpoints } = options;
  return {
    v2: [
      ...new CatalogController(offer).routes,
      ...new ServiceInstancesController({
        offer,
        provisioning,
        updates,
        deprovisioning,
        states,
        regions,
        keyManagers,
        publicUrl,
      }).routes,
      ...new ServiceBindingsController({ offer, bindings, endpoints }).routes,
    ],
    bluemixV1: new InstanceStateController(states).routes,
  };
}

/** Background duties live and end with the application. */
@Injectable()
class BrokerDuties implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(BROKER_OPTIONS) private readonly options: BrokerOptions) {}

  onApplicationBootstrap(): void {
    this.options.parts.start();
    for (const duty of this.options.duties ?? []) {
      duty.start();
      // Their intervals are long: a process that restarts more often would never come to them.
      void duty.round();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    for (const duty of this.options.duties ?? []) await duty.stop();
    await this.options.parts.stop();
  }
}

@Module({})
export class BrokerModule {
  static with(options: BrokerOptions): DynamicModule {
    return BrokerModule.withFactory({ useFactory: () => options });
  }

  static withFactory(
    factory: Pick<FactoryProvider<BrokerOptions>, 'useFactory' | 'inject'> & Pick<ModuleMetadata, 'imports'>,
  ): DynamicModule {
    const { imports = [], useFactory, inject = [] } = factory;
    return {
      module: BrokerModule,
      imports,
      providers: [
        { provide: BROKER_OPTIONS, useFactory, inject },
        { provide: BROKER_ROUTES, useFactory: routesOf, inject: [BROKER_OPTIONS] },
        BrokerDuties,
      ],
      exports: [BROKER_OPTIONS, BROKER_ROUTES],
    };
  }
}
