import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

import { openDatabase } from '../../e2e/support/database';
import { makeDataFolder, RunningService } from '../../e2e/support/running-service';
import { cpuSeconds } from './cpu-time';
import { INSPECTED, Inspector } from './inspector';
import { fillCatalog } from './large-catalog';
import { clientOf, type Target } from './target';

const GATEWAY = 'kmip-gateway-1';
/** What one leaves to finalizers and to the next. */
const COLLECTIONS = 3;
const CERTIFICATES_EACH = 2;
/** Until what a process does once after its start is done. */
const SETTLING_MS = 20_000;

/** The product with so many tenants beside the one that is measured; none of them says anything. */
export class ScaledRegion {
  private constructor(
    private readonly service: RunningService,
    readonly target: Target,
    readonly certificates: number,
  ) {}

  static async open(tenants: number): Promise<ScaledRegion> {
    const dataFolder = await makeDataFolder();
    const environment = { LOG_LEVEL: 'warn' };
    const first = await RunningService.start({ dataFolder, environment });
    try {
      const administrator = await openDatabase(first);
      const size = { instances: tenants, certificatesPerInstance: CERTIFICATES_EACH, keys: 1 };
      await fillCatalog(administrator, size).finally(() => administrator.end());
    } catch (error) {
      await first.remove();
      throw error;
    }
    // The gateways read the list of certificates when they start.
    await first.stop();
    const service = await RunningService.start({ dataFolder, environment: { ...environment, ...INSPECTED } });
    await pause(SETTLING_MS);
    return new ScaledRegion(service, await targetOf(service), tenants * CERTIFICATES_EACH);
  }

  /** CPU of gateways and Postgres together while nobody asks anything, in cores. */
  async idleCores(seconds: number): Promise<number> {
    const used = (): number =>
      Object.entries(this.service.connection.processes)
        .filter(([name]) => /^(kmip-gateway|postgres)/.test(name))
        .reduce((sum, [, pid]) => sum + cpuSeconds(pid), 0);
    const before = used();
    const started = performance.now();
    await pause(seconds * 1_000);
    return (used() - before) / ((performance.now() - started) / 1_000);
  }

  /**
   * Resident memory of one gateway, in bytes, after its garbage was collected: what its heap holds, what lies beside it,
   * and whatever neither V8 nor malloc gives back to the system.
   */
  async gatewayBytes(): Promise<number> {
    const inspector = await Inspector.of(this.service, GATEWAY);
    for (let round = 0; round < COLLECTIONS; round += 1) await inspector.call('HeapProfiler.collectGarbage');
    inspector.close();
    const status = await readFile(`/proc/${this.service.connection.processes[GATEWAY] ?? 0}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
  }

  async close(): Promise<void> {
    await this.service.remove();
  }
}

async function targetOf({ connection }: RunningService): Promise<Target> {
  const { kmip } = connection;
  const [certificatePem, keyPem, caPem] = await Promise.all(
    [kmip.clientCertificate, kmip.clientKey, kmip.serverCa].map((file) => readFile(file, 'utf8')),
  );
  return {
    name: 'region',
    ports: kmip.ports,
    client: clientOf(certificatePem ?? '', keyPem ?? '', caPem ?? ''),
    processes: () => connection.processes,
  };
}
