import { EndpointGuard } from '@lib/key-manager';
import { type KeyManagerProfiles } from '@lib/tenancy';

import { KEY_MANAGER_DRIVERS, type KeyManagerEndpoints } from './key-manager-drivers';

export interface CloudEndpointSettings extends KeyManagerEndpoints {
  readonly region: string;
}

/** The kinds of key manager, with what the operator configured instead of published addresses, for public and private alike. */
export function endpointTemplates({ region, ...configured }: CloudEndpointSettings): KeyManagerProfiles {
  const endpointsOf: Readonly<Record<string, readonly string[] | undefined>> = configured;
  return Object.fromEntries(
    Object.entries(KEY_MANAGER_DRIVERS).map(([kind, driver]) => {
      const { regions, templates } = driver.endpoints;
      const given = endpointsOf[driver.endpointsSetting];
      const endpoints = {
        regions: [...new Set([...regions, region])],
        templates: given === undefined ? templates : { public: given, private: given },
      };
      return [kind, { ...driver, endpoints }];
    }),
  );
}

export function endpointGuard(profiles: KeyManagerProfiles): EndpointGuard {
  const all = Object.values(profiles).map(({ endpoints }) => endpoints);
  return new EndpointGuard({
    regions: [...new Set(all.flatMap(({ regions }) => regions))],
    templates: all.flatMap(({ templates }) => Object.values(templates).flat()),
  });
}
