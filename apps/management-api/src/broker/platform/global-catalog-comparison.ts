import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Logger } from '@lib/observability';
import { LOGGER } from '@lib/platform';

import { type ServiceIdentity } from '../../auth/service-identity';
import { MANAGEMENT_CONFIG } from '../../management-config.module';
import { ServiceOffer } from '../service/service-offer';
import { globalCatalogFindings } from './global-catalog-check';
import { PLATFORM_IDENTITY } from './platform.module';

/** Tells the operator at each start what of our offer and the global catalog differs. */
@Injectable()
export class GlobalCatalogComparison implements OnApplicationBootstrap {
  constructor(
    @Inject(MANAGEMENT_CONFIG) private readonly config: ManagementApiConfig,
    @Inject(PLATFORM_IDENTITY) private readonly identity: ServiceIdentity | undefined,
    @Inject(ServiceOffer) private readonly offer: ServiceOffer,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Nothing waits for it. */
  onApplicationBootstrap(): void {
    void this.compare();
  }

  /** Does nothing without GLOBAL_CATALOG_URL. Never rejects. */
  async compare(): Promise<void> {
    const { globalCatalogUrl: serviceUrl, brokerAllowedCrns: brokerCrns = [], region } = this.config;
    const { identity, offer } = this;
    if (serviceUrl === undefined || identity === undefined) return;
    try {
      const findings = await globalCatalogFindings({ serviceUrl, identity, offer, regions: [region], brokerCrns });
      for (const finding of findings) this.logger.warn({}, `offer and global catalog differ: ${finding}`);
      if (findings.length === 0) this.logger.info({}, 'offer and global catalog agree');
    } catch (error) {
      this.logger.warn({ err: error }, 'the offer could not be compared with the global catalog');
    }
  }
}
