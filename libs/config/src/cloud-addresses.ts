import { z } from 'zod';

import { type SettingType } from './setting';
import { listOf, normalisedUrl } from './setting-types';

export const region: SettingType<string> = {
  schema: z.string().regex(/^[a-z]{2}(?:-[a-z0-9]{2,12}){1,3}$/),
  expected: 'a region such as us-south',
};

/**
 * Forms of address in which only region, instance and port vary. Operators choose them; a tenant only ever names an
 * instance, so that no tenant can make the gateway send an API key to a host of the tenant's choice.
 */
export const endpointTemplates: SettingType<readonly string[]> = listOf(
  {
    schema: z.string().refine(isTemplate),
    expected: 'an address',
  },
  'addresses with `{region}` or `{instance}` in them',
);

function isTemplate(text: string): boolean {
  const filled = text
    .replaceAll('{region}', 'us-south')
    .replaceAll('{instance}', '00000000-0000-4000-8000-000000000000')
    .replaceAll('{port}', '8000');
  return filled !== text && !/[{}]/.test(filled) && normalisedUrl(filled) === filled.replace(/\/$/, '');
}
