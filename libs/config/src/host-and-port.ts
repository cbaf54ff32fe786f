import { z } from 'zod';

import { type SettingType } from './setting';
import { host, port } from './setting-types';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `name:port`, IPv6 addresses in brackets. */
export const hostAndPort: SettingType<HostAndPort> = {
  schema: z.string().transform((text, context) => {
    const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
    const name = host.schema.safeParse(bracketed ?? plain ?? '');
    const number = port.schema.safeParse(digits);
    if (name.success && number.success) return { host: name.data, port: number.data };
    context.addIssue({ code: 'custom', message: 'refused' });
    return z.NEVER;
  }),
  expected: '`host:port`',
};
