import { Inject, Injectable } from '@nestjs/common';

import { type InstanceId, toInstanceId } from '@lib/kernel';
import { KeyManagerError } from '@lib/key-manager';
import { NoteApplication } from '@lib/kmip-engine';
import { PostgresRegionDirectory } from '@lib/persistence';
import { RestoreWatch } from '@lib/platform';
import { InstanceService } from '@lib/tenancy';

import { ADMIN_CONFIG, type AdminConfig } from '../admin.config';
import { type Arguments, isSet, UsageError } from '../arguments';
import { AuditHeads } from '../audit-heads';
import { type Command } from '../command';
import { everyInstance } from '../every-instance';
import { InstanceScopes } from '../instance-scopes';
import { operatorContext } from '../operator';

/**
 * What was revoked after the backup is revoked again first; what cannot be known is not released by mistake. Prints what
 * was released.
 */
@Injectable()
export class RestoreRelease implements Command {
  constructor(
    @Inject(RestoreWatch) private readonly restore: RestoreWatch,
    @Inject(PostgresRegionDirectory) private readonly directory: PostgresRegionDirectory,
    @Inject(InstanceScopes) private readonly scopes: InstanceScopes,
    @Inject(InstanceService) private readonly instances: InstanceService,
    @Inject(AuditHeads) private readonly heads: AuditHeads,
    @Inject(ADMIN_CONFIG) private readonly config: AdminConfig,
  ) {}

  async run(given: Arguments): Promise<object> {
    const named = given.find('instance');
    const withoutNotes = isSet(given, 'without-notes');
    if ((await this.restore.state()) === undefined) throw new UsageError('nothing is held: no restore was noticed');
    const ids = named === undefined ? await everyInstance(this.directory) : [toInstanceId(named)];
    const unread = await this.#applyNotes(ids);
    if (unread.size > 0 && !withoutNotes) {
      const which = [...unread].map(([id, why]) => `${id} (${why})`).join(', ');
      throw new UsageError(
        `what was revoked after the backup cannot be read from the key managers of ${which}. Nothing is released. Try again, name single instances, or give --without-notes true and compare their exported audit trails`,
      );
    }
    await this.#record(ids, named === undefined);
    await this.restore.release(named === undefined ? undefined : toInstanceId(named));
    // One word is enough: who hears it looks at the whole region.
    const [first] = ids;
    if (first !== undefined) await this.instances.announce(first);
    return { released: named ?? 'region' };
  }

  /** In the trails, which are signed anew: what was signed after the backup is not in them any more, and this is why. */
  async #record(ids: readonly InstanceId[], wholeRegion: boolean): Promise<void> {
    const signs = this.config.auditKeyFile !== undefined;
    for (const id of ids) {
      await this.instances.recordRelease(id, operatorContext());
      if (signs) await this.heads.release(id, operatorContext());
    }
    if (!signs || !wholeRegion) return;
    const known = new Set(ids);
    const lost = (await this.heads.everSigned()).filter((id) => !known.has(id));
    for (const id of lost) await this.heads.release(id, operatorContext());
  }

  /**
   * Withdraws again what the notes in the key managers say and a restored database does not know.
   * @returns instances whose notes could not be read, by the reason
   */
  async #applyNotes(ids: readonly InstanceId[]): Promise<ReadonlyMap<InstanceId, string>> {
    const application = new NoteApplication(this.scopes.background);
    const unread = new Map<InstanceId, string>();
    for (const instanceId of ids) {
      // Without a root key there never was a key, or none can be served.
      const scope = await this.scopes.of(instanceId);
      if (scope === undefined) continue;
      try {
        const { applied, refused, gaps } = await application.readAndRun(scope);
        if (applied.length + refused.length + gaps.length === 0) continue;
        const fields = { instanceId, applied, refused, gaps };
        this.scopes.report(fields, 'the notes in the key manager were applied');
      } catch (error) {
        if (!(error instanceof KeyManagerError)) throw error;
        unread.set(instanceId, error.fault);
      }
    }
    return unread;
  }
}
