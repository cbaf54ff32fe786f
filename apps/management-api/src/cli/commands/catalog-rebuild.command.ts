import { Inject, Injectable } from '@nestjs/common';

import { CatalogRebuild as Rebuild, type RebuildReport } from '@lib/kmip-engine';
import { ProgressBar } from '@lib/terminal';

import { type Arguments, isSet, UsageError } from '../arguments';
import { type Command } from '../command';
import { trailOf } from '../exported-trail';
import { InstanceScopes } from '../instance-scopes';
import { instanceOf } from '../operator';

/**
 * Brings keys back into the catalog that the instance's key manager holds; clients may be served meanwhile. Prints what
 * was restored, what was refused, and which keys the catalog has whose stored key is gone.
 */
@Injectable()
export class CatalogRebuild implements Command {
  constructor(@Inject(InstanceScopes) private readonly scopes: InstanceScopes) {}

  async run(given: Arguments): Promise<RebuildReport> {
    isSet(given, 'verify');
    const instanceId = instanceOf(given);
    const take = (given.find('take') ?? '').split(',').filter((id) => id !== '');
    const trail = await trailOf(given, instanceId);
    const options = { dryRun: isSet(given, 'dry-run'), take, ...(trail && { trail }) };
    const scope = await this.scopes.of(instanceId);
    if (scope === undefined) throw new UsageError('no root key is set for the instance: set it, then run this again');
    const bar = new ProgressBar(process.stderr, () => performance.now());
    const progress = (done: number, total: number): void => bar.show(done, total);
    const report = await new Rebuild(this.scopes.background).run(scope, { ...options, progress });
    bar.end();
    // What was done is printed all the same; a script must see that it is not the end.
    if (report.stoppedBy !== undefined) process.exitCode = 1;
    return report;
  }
}
