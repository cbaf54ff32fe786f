import { isUuid } from '@lib/kernel';

import { type InstanceCrn } from './crn';
import { type EndpointVisibility, type KeyManagerKind } from './root-key-binding';
import { TenancyError } from './tenancy.error';

export interface EndpointTemplates {
  /**
   * Where key managers may be, by kind and visibility; the first one is what is built. `{region}` stands for a region
   * of the list, `{instance}` for the instance's GUID, `{port}` for 8000 to 19999.
   */
  readonly templates: Readonly<
    Record<KeyManagerKind, Readonly<Partial<Record<EndpointVisibility, readonly string[]>>>>
  >;
  readonly regions: readonly string[];
}

const REGIONS = 'us-south us-east eu-gb eu-de eu-es au-syd jp-tok jp-osa ca-tor ca-mon br-sao in-che in-mum'.split(' ');

/** Public hosts of IBM Cloud. Key Protect Dedicated and HPCS have one host per instance; older HPCS instances a port. */
export const ibmCloudEndpoints: EndpointTemplates = {
  regions: REGIONS,
  templates: {
    key_protect: {
      public: ['https://{region}.kms.cloud.ibm.com', 'https://{instance}.api.{region}.kms.appdomain.cloud'],
      private: [
        'https://private.{region}.kms.cloud.ibm.com',
        'https://{instance}.api.private.{region}.kms.appdomain.cloud',
      ],
    },
    hpcs: {
      public: [
        'https://{instance}.api.{region}.hs-crypto.appdomain.cloud',
        'https://api.{region}.hs-crypto.cloud.ibm.com:{port}',
      ],
      private: [
        'https://{instance}.api.private.{region}.hs-crypto.appdomain.cloud',
        'https://api.private.{region}.hs-crypto.cloud.ibm.com:{port}',
      ],
    },
  },
};

const SERVICES: Readonly<Record<string, KeyManagerKind>> = { kms: 'key_protect', 'hs-crypto': 'hpcs' };

/**
 * Decides which addresses we talk to with a tenant's credential. An address never comes from a request: it is built
 * from the instance's CRN, or was read from the resource instance and must then fit a template exactly. Anything else
 * would let a tenant point us at our own network (server-side request forgery).
 */
export class EndpointPolicy {
  private readonly regions: ReadonlySet<string>;

  constructor(private readonly endpoints: EndpointTemplates) {
    this.regions = new Set(endpoints.regions);
  }

  /** @throws TenancyError('invalid_crn') for anything but a key manager we know */
  kindOf(crn: InstanceCrn): KeyManagerKind {
    const kind = Object.hasOwn(SERVICES, crn.serviceName) ? SERVICES[crn.serviceName] : undefined;
    if (kind === undefined) {
      throw new TenancyError(
        'invalid_crn',
        'the CRN is neither of a Key Protect nor of a Hyper Protect Crypto Services instance',
      );
    }
    return kind;
  }

  /** The usual address of a key-manager instance. @throws TenancyError('endpoint_not_allowed') */
  build(crn: InstanceCrn, visibility: EndpointVisibility): string {
    const [template] = this.endpoints.templates[this.kindOf(crn)][visibility] ?? [];
    if (template === undefined || template.includes('{port}')) throw notAllowed();
    return this.fill(template, crn, '');
  }

  /** An address read from the resource instance, when it is one this instance can have. @throws TenancyError('endpoint_not_allowed') */
  accept(crn: InstanceCrn, discovered: string): string {
    const url = discovered.replace(/\/(api\/v2\/?)?$/, '');
    const templates = Object.values(this.endpoints.templates[this.kindOf(crn)]).flat();
    const port = /:(\d{4,5})$/.exec(url)?.[1] ?? '';
    const portAllowed = Number(port) >= 8000 && Number(port) <= 19_999;
    const allowed = templates.some(
      (template) => (!template.includes('{port}') || portAllowed) && this.fits(template, crn, port, url),
    );
    if (!allowed) throw notAllowed();
    return url;
  }

  private fits(template: string, crn: InstanceCrn, port: string, url: string): boolean {
    if (template.includes('{instance}') && !isUuid(crn.serviceInstance)) return false;
    return this.regions.has(crn.region) && substitute(template, crn, port) === url;
  }

  private fill(template: string, crn: InstanceCrn, port: string): string {
    const url = substitute(template, crn, port);
    if (!this.fits(template, crn, port, url)) throw notAllowed();
    return url;
  }
}

function substitute(template: string, crn: InstanceCrn, port: string): string {
  return template
    .replaceAll('{region}', crn.region)
    .replaceAll('{instance}', crn.serviceInstance)
    .replaceAll('{port}', port);
}

const notAllowed = (): TenancyError =>
  new TenancyError('endpoint_not_allowed', 'this key-manager instance has no address that may be used');
