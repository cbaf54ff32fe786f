import { Inject, Injectable } from '@nestjs/common';

import { type InstanceId, toInstanceId } from '@lib/kernel';
import { CatalogRebuild, type RebuildLoss, type RebuildReport } from '@lib/kmip-engine';
import { PostgresRegionDirectory } from '@lib/persistence';
import { ProgressBar } from '@lib/terminal';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { everyInstance } from '../every-instance';
import { InstanceScopes } from '../instance-scopes';

interface DrilledInstance {
  readonly instance: InstanceId;
  /** Why nothing can be said of it. */
  readonly unknown?: string;
  readonly report?: RebuildReport;
}

interface DrillReport {
  readonly instances: readonly DrilledInstance[];
  /** Keys that this database has, and whose stored key is there. */
  readonly there: number;
  /** Keys that this database lacks, and a rebuild would bring back. */
  readonly broughtBack: number;
  /** What nothing would bring back. */
  readonly lost: readonly (RebuildLoss & { readonly instance: InstanceId })[];
  /** Stored keys that a rebuild would not take. */
  readonly refused: number;
}

/**
 * Tells what a restore of this database and a rebuild would bring back, and what would be lost. Reads and unwraps in the
 * key managers, and changes nothing: scripts/backup/drill.sh runs it on a copy that it has made of a backup.
 */
@Injectable()
export class Drill implements Command {
  constructor(
    @Inject(InstanceScopes) private readonly scopes: InstanceScopes,
    @Inject(PostgresRegionDirectory) private readonly directory: PostgresRegionDirectory,
  ) {}

  async run(given: Arguments): Promise<DrillReport> {
    const named = given.find('instance');
    const ids = named === undefined ? await everyInstance(this.directory) : [toInstanceId(named)];
    const instances: DrilledInstance[] = [];
    for (const id of ids) instances.push(await this.#drill(id));
    const reports = instances.flatMap(({ instance, report }) => (report === undefined ? [] : [{ instance, report }]));
    const sum = (of: (report: RebuildReport) => number): number =>
      reports.reduce((total, { report }) => total + of(report), 0);
    if (instances.some(({ unknown, report }) => unknown !== undefined || report?.stoppedBy !== undefined)) {
      process.exitCode = 1;
    }
    return {
      instances,
      there: sum(({ present, relocated }) => present + relocated),
      broughtBack: sum(({ restored }) => restored),
      lost: reports.flatMap(({ instance, report }) => (report.lost ?? []).map((key) => ({ instance, ...key }))),
      refused: sum(({ refused }) => refused.length),
    };
  }

  async #drill(instance: InstanceId): Promise<DrilledInstance> {
    // Without a root key there never was a key, or none can be served.
    const scope = await this.scopes.of(instance);
    if (scope === undefined) return { instance, unknown: 'no root key is set' };
    const bar = new ProgressBar(process.stderr, () => performance.now());
    const progress = (done: number, total: number): void => bar.show(done, total);
    const report = await new CatalogRebuild(this.scopes.background).run(scope, { dryRun: true, progress });
    bar.end();
    return { instance, report };
  }
}
