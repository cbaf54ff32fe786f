import { EndpointGuard } from '@lib/key-protect';
import { type EndpointTemplates, ibmCloudEndpoints } from '@lib/tenancy';

export interface CloudEndpointSettings {
  readonly keyProtectEndpoints: readonly string[] | undefined;
  readonly hpcsEndpoints: readonly string[] | undefined;
  readonly region: string;
}

/** What the operator configured instead of IBM's published addresses, for public and private alike. */
export function endpointTemplates({
  keyProtectEndpoints,
  hpcsEndpoints,
  region,
}: CloudEndpointSettings): EndpointTemplates {
  const { regions, templates } = ibmCloudEndpoints;
  const both = (list: readonly string[] | undefined) =>
    list === undefined ? undefined : { public: list, private: list };
  return {
    regions: [...new Set([...regions, region])],
    templates: {
      key_protect: both(keyProtectEndpoints) ?? templates.key_protect,
      hpcs: both(hpcsEndpoints) ?? templates.hpcs,
    },
  };
}

export function endpointGuard({ regions, templates }: EndpointTemplates): EndpointGuard {
  const all = Object.values(templates).flatMap((byVisibility) => Object.values(byVisibility).flat());
  return new EndpointGuard({ regions, templates: all });
}
