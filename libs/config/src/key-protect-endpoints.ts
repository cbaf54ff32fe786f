import { z } from 'zod';

import { type SettingType } from './setting';
import { normalisedUrl } from './setting-types';

/**
 * Where Key Protect is reached in each region. Operators choose it; a tenant only ever names a region, so that no
 * tenant can make the gateway send an API key to a host of the tenant's choice.
 */
export interface KeyProtectEndpoints {
  /** Address with `{region}` in it, for regions that are not listed. */
  readonly template?: string;
  readonly byRegion: ReadonlyMap<string, string>;
}

const REGION = /^[a-z]{2}(?:-[a-z0-9]{2,12}){1,3}$/;
const PLACEHOLDER = '{region}';

/** @returns undefined when the region is not one, or has no endpoint. */
export function keyProtectEndpoint(endpoints: KeyProtectEndpoints, region: string): string | undefined {
  if (!REGION.test(region)) return undefined;
  return endpoints.byRegion.get(region) ?? endpoints.template?.replace(PLACEHOLDER, region);
}

export const region: SettingType<string> = {
  schema: z.string().regex(REGION),
  expected: 'a region such as us-south',
};

export const keyProtectEndpoints: SettingType<KeyProtectEndpoints> = {
  schema: z.string().transform((text, context) => {
    const endpoints = parse(text);
    if (endpoints !== undefined) return endpoints;
    context.addIssue({ code: 'custom', message: 'refused' });
    return z.NEVER;
  }),
  expected: '`region=URL` pairs divided by commas, and at most one URL with `{region}` in it',
};

function parse(text: string): KeyProtectEndpoints | undefined {
  const byRegion = new Map<string, string>();
  let template: string | undefined;
  for (const part of text.split(',').map((item) => item.trim())) {
    const pair = /^([a-z0-9-]+)=(.+)$/.exec(part);
    if (pair === null) {
      if (template !== undefined || !isTemplate(part)) return undefined;
      template = part;
      continue;
    }
    const [, name = '', address = ''] = pair;
    const url = normalisedUrl(address);
    if (url === undefined || !REGION.test(name) || byRegion.has(name)) return undefined;
    byRegion.set(name, url);
  }
  return Object.freeze({ byRegion, ...(template === undefined ? {} : { template }) });
}

/** The region must be a label of the host name of an https or http URL: anywhere else it would not choose a host. */
function isTemplate(text: string): boolean {
  const url = normalisedUrl(text.replace(PLACEHOLDER, 'us-south'));
  return text.includes(PLACEHOLDER) && url !== undefined && new URL(url).hostname.split('.').includes('us-south');
}
