import { driverOf } from '@lib/platform';

interface Provider {
  readonly provider: string;
  readonly provider_ends_on?: string;
}

/** The kind of key manager, as every answer tells of it. */
export function providerOf(kind: string): Provider {
  const { provider, ends } = driverOf(kind);
  return { provider, ...(ends !== undefined && { provider_ends_on: ends.on }) };
}
