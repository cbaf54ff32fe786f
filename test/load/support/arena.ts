import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type KmipClient, vcenter } from '@lib/kmip-client';
import { encodeRequestMessage } from '@lib/kmip-protocol';

import { RunningService } from '../../e2e/support/running-service';
import { addTenant, type Tenant } from '../../e2e/support/second-tenant';
import { type BareOrders } from '../bare-server';
import { createKey } from './measure';
import { clientOf, type Target } from './target';

const PATIENCE_MS = 120_000;

export type Side = 'ours' | 'bare';

/** A tenant of the product, with one key. */
export interface Inhabitant {
  readonly tenant: Tenant;
  readonly get: Buffer;
  /** The product as this tenant reaches it, and the bare servers, which know no tenants. */
  readonly targets: Readonly<Record<Side, Target>>;
}

/** The product as `npm start` runs it and, for each of its two gateways, a bare TLS server with the same certificate. */
export class Arena {
  private constructor(
    readonly service: RunningService,
    private readonly bare: readonly ChildProcess[],
    private readonly barePorts: readonly number[],
    private readonly caPem: string,
  ) {}

  static async open(): Promise<Arena> {
    const service = await RunningService.start({ environment: { LOG_LEVEL: 'warn' } });
    const { kmip } = service.connection;
    const answer = await answerToGet(await service.kmip());
    const tls = join(service.dataFolder, 'tls');
    const orders: BareOrders = {
      certificatePem: await readFile(join(tls, 'server.crt'), 'utf8'),
      keyPem: await readFile(join(tls, 'server.key'), 'utf8'),
      answer: answer.toString('base64'),
    };
    const bare = kmip.ports.map(() => fork(join(__dirname, '..', 'bare-server.js')));
    const ports = await Promise.all(bare.map((child) => portOf(child, orders)));
    return new Arena(service, bare, ports, await readFile(kmip.serverCa, 'utf8'));
  }

  /** @param roles of its service ID in the key manager; by default it may not delete there, so its keys are not destroyed */
  async inhabitant(name: string, roles?: readonly string[]): Promise<Inhabitant> {
    const tenant = await addTenant(this.service, name, roles);
    const { certificatePem, privateKeyPem } = tenant.identity;
    const client = {
      ...clientOf(certificatePem, privateKeyPem.exposeText(), this.caPem),
      connectTimeoutMs: PATIENCE_MS,
      requestTimeoutMs: PATIENCE_MS,
    };
    const first = await tenant.connect(0);
    const get = encodeRequestMessage(vcenter.getKey(await createKey(first)));
    await first.close();
    await (await tenant.connect(1)).close();
    const ours = { ports: this.service.connection.kmip.ports, processes: () => this.service.connection.processes };
    const bare = { ports: this.barePorts, processes: () => this.#bareProcesses() };
    return { tenant, get, targets: { ours: { name, client, ...ours }, bare: { name, client, ...bare } } };
  }

  identityOf({ tenant }: Inhabitant): { certificatePem: string; keyPem: string; caPem: string } {
    const { certificatePem, privateKeyPem } = tenant.identity;
    return { certificatePem, keyPem: privateKeyPem.exposeText(), caPem: this.caPem };
  }

  #bareProcesses(): Record<string, number> {
    return Object.fromEntries(this.bare.map(({ pid = 0 }, number) => [`bare-${number + 1}`, pid]));
  }

  async close(): Promise<void> {
    for (const child of this.bare) child.disconnect();
    await this.service.remove();
  }
}

async function portOf(child: ChildProcess, orders: BareOrders): Promise<number> {
  child.send(orders);
  const [port] = (await once(child, 'message')) as [number];
  return port;
}

async function answerToGet(client: KmipClient): Promise<Buffer> {
  const answer = await client.sendBytes(encodeRequestMessage(vcenter.getKey(await createKey(client))));
  await client.close();
  return answer;
}
