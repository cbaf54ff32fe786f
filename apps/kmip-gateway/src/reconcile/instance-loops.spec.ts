import { type GatewayConfig, gatewayConfig, parseConfig } from '@lib/config';
import { systemClock } from '@lib/kernel';
import { createLogger } from '@lib/observability';

import { InstanceLoops } from './instance-loops';

type Parts = ConstructorParameters<typeof InstanceLoops>;

const configWith = (KMIP_WORKERS: string): GatewayConfig =>
  parseConfig(gatewayConfig, {
    REGION: 'eu-de',
    KMIP_TLS_FOLDER: '/tls',
    DATABASE_URL: 'postgres://kmip@db/kmip',
    SERVICE_KEY_FILE: '/service-key',
    KMIP_WORKERS,
  });

/** As whom a gateway asks for its leases. */
async function ownerUnder(workers: string): Promise<string> {
  const owners: string[] = [];
  const leases = {
    acquire: (_name: string, owner: string) => {
      owners.push(owner);
      return Promise.resolve(undefined);
    },
    release: () => Promise.resolve(),
  };
  const logger = createLogger({ level: 'silent', name: 'test' });
  const parts = [configWith(workers), leases, {}, systemClock, logger, { isHeld: false }] as unknown as Parts;
  await new InstanceLoops(...parts).makeLookingAround('custody-sweep', () => Promise.resolve(false)).round();
  return owners.join();
}

describe('the owner of a lease', () => {
  it('is the endpoint, which goes on with it when it is started again', async () => {
    expect(await ownerUnder('1')).toMatch(/^[^/]+\/kmip-1$/);
  });

  it('is the process where an endpoint has several: two of them must not think that they have it', async () => {
    expect(await ownerUnder('2')).toMatch(new RegExp(`^[^/]+/kmip-1/${process.pid}$`));
  });
});
