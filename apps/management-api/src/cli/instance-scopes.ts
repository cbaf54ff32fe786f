import { Inject, Injectable } from '@nestjs/common';

import { type Clock, type InstanceId, newCorrelationId, newUniqueIdentifier } from '@lib/kernel';
import { type BackgroundDependencies, DeletionRights, type ReconcileScope } from '@lib/kmip-engine';
import { PostgresObjectStores } from '@lib/persistence';
import { CLOCK, TenantKeyManagers } from '@lib/platform';

import { operator } from './operator';

type Report = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** The keys of instances with their key managers, for work on them in the operator's name. */
@Injectable()
export class InstanceScopes {
  /** To standard error: what a command prints is one JSON value. */
  readonly report: Report = (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
  readonly background: BackgroundDependencies;

  constructor(
    @Inject(TenantKeyManagers) private readonly keyManagers: TenantKeyManagers,
    @Inject(PostgresObjectStores) private readonly objectStores: PostgresObjectStores,
    @Inject(CLOCK) clock: Clock,
  ) {
    const logger = { warn: this.report, error: this.report };
    const deletionRights = new DeletionRights();
    const making = { newCorrelationId, newUniqueIdentifier };
    this.background = { clock, component: operator(), ...making, logger, deletionRights };
  }

  /** @returns undefined while no root key is set */
  async of(instanceId: InstanceId): Promise<ReconcileScope | undefined> {
    const bound = await this.keyManagers.for(instanceId);
    if (bound === undefined) return undefined;
    const former = await this.keyManagers.former(instanceId);
    return { instanceId, store: this.objectStores.forInstance(instanceId), former, ...bound };
  }
}
