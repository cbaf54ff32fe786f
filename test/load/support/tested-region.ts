import { setTimeout as pause } from 'node:timers/promises';

import { type Client } from 'pg';

import { openDatabase } from '../../e2e/support/database';
import { createKey } from '../../e2e/support/keys';
import { RunningService } from '../../e2e/support/running-service';
import { addTenant } from '../../e2e/support/second-tenant';
import { cpuSeconds } from './cpu-time';

const TENANTS = 20;
const ROUND_MS = 1_000;
/** Until what the processes do once after their start, and the first tests, are done. */
const SETTLING_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** The product with some tenants that have a root key and a key each, whose root keys are tested as often as one likes. */
export class TestedRegion {
  private constructor(
    private readonly service: RunningService,
    private readonly database: Client,
  ) {}

  static async open(): Promise<TestedRegion> {
    const environment = { LOG_LEVEL: 'warn', RECONCILE_EVERY_MS: String(ROUND_MS) };
    const service = await RunningService.start({ environment });
    try {
      for (let index = 0; index < TENANTS; index += 1) {
        const client = await (await addTenant(service, `tested-${index}`)).connect(0);
        await createKey(client);
        await client.close();
      }
      await pause(SETTLING_MS);
      return new TestedRegion(service, await openDatabase(service));
    } catch (error) {
      await service.remove();
      throw error;
    }
  }

  /** @returns CPU seconds of gateways and Postgres for a thousand tests, without what their rounds cost anyway */
  async cpuOfThousandTests(rounds: number): Promise<number> {
    const started = performance.now();
    const before = this.#used();
    let tests = 0;
    for (let round = 0; round < rounds; round += 1) tests += await this.#testAll();
    const busy = this.#used() - before;
    const tookMs = performance.now() - started;
    const idleBefore = this.#used();
    await pause(tookMs);
    const idle = this.#used() - idleBefore;
    return ((busy - idle) / tests) * 1_000;
  }

  async close(): Promise<void> {
    await this.database.end();
    await this.service.remove();
  }

  async #testAll(): Promise<number> {
    const { rowCount } = await this.database.query('UPDATE root_key_bindings SET look_due_at = NULL');
    for (;;) {
      const { rowCount: left } = await this.database.query('SELECT FROM root_key_bindings WHERE look_due_at IS NULL');
      if (left === 0) return rowCount ?? 0;
      await pause(LOOK_EVERY_MS);
    }
  }

  #used(): number {
    return Object.entries(this.service.connection.processes)
      .filter(([name]) => /^(kmip-gateway|postgres)/.test(name))
      .reduce((sum, [, pid]) => sum + cpuSeconds(pid), 0);
  }
}
