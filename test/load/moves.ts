import { readFile } from 'node:fs/promises';

import { vcenter } from '@lib/kmip-client';
import { encodeRequestMessage } from '@lib/kmip-protocol';

import { RunningService, until } from '../e2e/support/running-service';
import { addKeyManager, addTenant, bindRootKey, type Seed } from '../e2e/support/second-tenant';
import { judge, readOptions } from './support/goals';
import { createKey, type Figure, measureHeld, type Request, REQUESTS } from './support/measure';
import { conditions, table } from './support/table';
import { clientOf, connect, type Target } from './support/target';

const KEYS = Number(process.env['MOVED_KEYS'] ?? '1000');
const LATENCY_MS = Number(process.env['KEY_MANAGER_MS'] ?? '20');
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? '8');
/** 10,000 keys in ten minutes. */
const GOAL_PER_SECOND = 10_000 / 600;
const MANAGER = ['Viewer', 'Manager'];
const LANES = 16;
const CONNECTIONS = 4;

/** What clients meet, alone and beside a move. */
type Clients = Readonly<Record<'Get' | 'Create', Figure>>;

/**
 * `npm run bench:moves`: the keys of a tenant leave HPCS for Key Protect Dedicated, both as far away as the local cloud
 * is told to be, and what its clients meet meanwhile.
 */
async function main(): Promise<void> {
  const options = readOptions(1);
  const service = await RunningService.start({ environment: { LOG_LEVEL: 'warn' } });
  try {
    const tenant = await addTenant(service, 'moves', MANAGER, { serviceName: 'hs-crypto' });
    const next = await addKeyManager(service, tenant.seed, MANAGER, { dedicated: true });
    const { certificatePem, privateKeyPem } = tenant.identity;
    const { ports, serverCa } = service.connection.kmip;
    const target: Target = {
      name: 'moves',
      ports,
      client: clientOf(certificatePem, privateKeyPem.exposeText(), await readFile(serverCa, 'utf8')),
      processes: () => service.connection.processes,
    };
    for (const endpoint of [0, 1]) await (await tenant.connect(endpoint)).close();
    const ids = await createKeys(target);
    for (const kind of ['kms', 'hpcs']) {
      const effect = { kind: 'delay', milliseconds: LATENCY_MS };
      await service.localCloud('POST', '/faults', { match: { service: kind }, effect });
    }
    const alone = await measureClients(target, ids);
    const before = await keysIn(service, tenant.seed);
    await bindRootKey(service, tenant.instanceId, next);
    const bound = performance.now();
    await until('the first keys have left', 60_000, async () => (await keysIn(service, tenant.seed)) < before);
    const begun = performance.now();
    const beside = await measureClients(target, ids);
    const left = await keysIn(service, tenant.seed);
    await until('all keys have left', 1_200_000, async () => (await keysIn(service, tenant.seed)) === 0);
    const seconds = (performance.now() - begun) / 1_000;
    const perSecond = before / seconds;
    const result = { keys: before, beginsAfterS: (begun - bound) / 1_000, seconds, perSecond, stillMoving: left > 0 };
    if (options.json) console.log(JSON.stringify({ conditions: conditions(), result, alone, beside }));
    else
      console.log(
        `${conditions()}; key managers ${LATENCY_MS} ms away\n\n${told(result)}\n\n${tableOf(alone, beside)}`,
      );
    judge(perSecond < GOAL_PER_SECOND ? [`${perSecond.toFixed(1)} keys a second`] : [], options);
  } finally {
    await service.remove();
  }
}

async function createKeys(target: Target): Promise<readonly string[]> {
  const ids: string[] = [];
  const lane = async (number: number): Promise<void> => {
    const client = await connect(target, number);
    while (ids.length < KEYS) ids.push(await createKey(client));
    await client.close();
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  return ids;
}

async function measureClients(target: Target, ids: readonly string[]): Promise<Clients> {
  let number = 0;
  // Keys that are moved, from the end: what has moved is fetched as well as what has not.
  const get: Request = () => encodeRequestMessage(vcenter.getKey(ids.at(-1 - ((number += 7) % ids.length)) ?? ''));
  return {
    Get: await measureHeld(target, CONNECTIONS, SECONDS / 2, get),
    Create: await measureHeld(target, CONNECTIONS, SECONDS / 2, REQUESTS.create),
  };
}

/** Stored keys of a key manager, as migration scripts count them. */
async function keysIn(service: RunningService, { instance, serviceId }: Seed): Promise<number> {
  const { iamId } = serviceId;
  const { access_token: token } = await service.localCloud<{ access_token: string }>('POST', '/tokens', { iamId });
  const url = `${service.connection.localCloud.url}/hpcs/${instance.id}/api/v2/keys?state=1&extractable=true`;
  const headers = { authorization: `Bearer ${token}`, 'bluemix-instance': instance.id };
  const { headers: answered } = await fetch(url, { method: 'HEAD', headers });
  return Number(answered.get('key-total') ?? Number.NaN);
}

function told(result: {
  keys: number;
  beginsAfterS: number;
  seconds: number;
  perSecond: number;
  stillMoving: boolean;
}) {
  const { keys, beginsAfterS, seconds, perSecond, stillMoving } = result;
  const tenThousand = 10_000 / perSecond / 60;
  const short = stillMoving ? '' : ' (clients were measured for longer than the move took: raise MOVED_KEYS)';
  return `${keys} keys in ${seconds.toFixed(0)} s, ${perSecond.toFixed(1)} a second, first after ${beginsAfterS.toFixed(0)} s: 10,000 in ${tenThousand.toFixed(1)} minutes${short}`;
}

function tableOf(alone: Clients, beside: Clients): string {
  const rows = (['Get', 'Create'] as const).map((name) => [
    `${name} on ${CONNECTIONS} connections`,
    ...[alone[name], beside[name]].flatMap(({ p50Ms, p99Ms }) => [p50Ms.toFixed(0), p99Ms.toFixed(0)]),
  ]);
  return table(['', 'p50 ms', 'p99 ms', 'p50 ms beside', 'p99 ms beside'], rows);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
