import { isUuid } from '@lib/kernel';

import { fillTemplate, fitsTemplate } from './endpoint-template';
import { ADDRESS_NOT_ALLOWED, KeyManagerError } from './key-manager.error';

/** Forms of address of every kind and visibility, and the regions that they are for. */
export interface AllowedEndpoints {
  readonly templates: readonly string[];
  readonly regions: readonly string[];
}

/**
 * The last look at an address before a tenant's credential goes there. Addresses are built or checked when a root key is
 * bound; this one stands where they are used, so that a changed row in the database cannot send a credential elsewhere.
 */
export class EndpointGuard {
  constructor(private readonly allowed: AllowedEndpoints) {}

  /** @throws KeyManagerError `refused` */
  check(address: string, instance: string): void {
    const { templates, regions } = this.allowed;
    const allowed =
      isUuid(instance) &&
      templates.some((template) =>
        regions.some((region) => fitsTemplate(fillTemplate(template, { region, instance }), address)),
      );
    if (allowed) return;
    throw new KeyManagerError('refused', 'the address of the key manager is not one that this gateway may call', {
      certainlyNotDone: true,
      reasonCode: ADDRESS_NOT_ALLOWED,
    });
  }
}
