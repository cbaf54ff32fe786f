import { type Clock, type InstanceId } from '@lib/kernel';
import { omit } from '@lib/tenancy';

import { type ServiceInstanceDirectory, type ServiceInstanceUnitOfWork } from './provisioning.ports';

/** How the platform sees an instance. `unknown`: it did not say. */
export type PlatformView =
  { readonly kind: 'present'; readonly state: string } | { readonly kind: 'absent' } | { readonly kind: 'unknown' };

export interface PlatformInstances {
  find(crn: string): Promise<PlatformView>;
}

export interface ReconciliationReport {
  readonly checked: number;
  /** Instances that the platform does not have (any more). Nothing is deleted because of that. */
  readonly orphans: readonly InstanceId[];
  /** Instances that are open here although the platform holds them for deletion. */
  readonly shouldBeDisabled: readonly InstanceId[];
  readonly undecided: number;
  /** The platform showed none of our instances: more likely we may not see them than that all are gone. */
  readonly blind: boolean;
}

const PAGE = 100;
const GONE = 'removed';
const HELD = 'pending_reclamation';

interface Seen {
  readonly instanceId: InstanceId;
  readonly view: PlatformView;
}

/** Compares our service instances with the platform's, reports the difference, and marks orphans for the operator. */
export class PlatformReconciler {
  constructor(
    private readonly unitOfWork: ServiceInstanceUnitOfWork,
    private readonly directory: Pick<ServiceInstanceDirectory, 'instances'>,
    private readonly platform: PlatformInstances,
    private readonly clock: Clock,
  ) {}

  async reconcile(): Promise<ReconciliationReport> {
    const seen: Seen[] = [];
    let after: InstanceId | undefined;
    for (;;) {
      const page = await this.directory.instances({ limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const { instanceId, crn } of page) seen.push({ instanceId, view: await this.platform.find(crn) });
      after = page.at(-1)?.instanceId;
      if (after === undefined || page.length < PAGE) return this.judge(seen);
    }
  }

  private async judge(seen: readonly Seen[]): Promise<ReconciliationReport> {
    const present = seen.filter(({ view }) => view.kind === 'present' && view.state !== GONE);
    const absent = seen.filter(
      ({ view }) => view.kind === 'absent' || (view.kind === 'present' && view.state === GONE),
    );
    const blind = absent.length > 0 && absent.every(({ view }) => view.kind === 'absent') && present.length === 0;
    if (!blind) for (const { instanceId } of absent) await this.mark(instanceId, true);
    const shouldBeDisabled: InstanceId[] = [];
    for (const { instanceId, view } of present) {
      const enabled = await this.mark(instanceId, false);
      if (view.kind === 'present' && view.state === HELD && enabled) shouldBeDisabled.push(instanceId);
    }
    return {
      checked: seen.length,
      orphans: blind ? [] : absent.map(({ instanceId }) => instanceId),
      shouldBeDisabled,
      undecided: seen.length - present.length - absent.length,
      blind,
    };
  }

  /** @returns whether the instance is open */
  private mark(instanceId: InstanceId, orphaned: boolean): Promise<boolean> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      const instance = await scope.serviceInstance.lock();
      if (instance !== undefined && orphaned !== (instance.orphanedAt !== undefined)) {
        const plain = omit(instance, 'orphanedAt');
        await scope.serviceInstance.update(orphaned ? { ...plain, orphanedAt: this.clock.now() } : plain);
      }
      return (await scope.instance.get())?.enabled === true;
    });
  }
}
