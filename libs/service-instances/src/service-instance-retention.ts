import { type Clock, type InstanceId } from '@lib/kernel';
import { KEPT_USAGE_MS } from '@lib/metering';

import {
  type ServiceInstanceDirectory,
  type ServiceInstanceScope,
  type ServiceInstanceUnitOfWork,
} from './provisioning.ports';

const PAGE = 200;
/** No platform asks that long afterwards how an operation ended. */
const KEPT_MS = 30 * 86_400_000;

/** Forgets instances that ended long ago, finished operations of those that live, and usage that was accepted. */
export class ServiceInstanceRetention {
  constructor(
    private readonly unitOfWork: ServiceInstanceUnitOfWork,
    private readonly directory: Pick<ServiceInstanceDirectory, 'expired'>,
    private readonly clock: Clock,
  ) {}

  async prune(): Promise<void> {
    const now = this.clock.now().getTime();
    const limits = { before: new Date(now - KEPT_MS), usageBefore: new Date(now - KEPT_USAGE_MS) };
    let after: InstanceId | undefined;
    for (;;) {
      const page = await this.directory.expired({ ...limits, limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const instanceId of page) {
        await this.unitOfWork.forTenant(instanceId, async (scope) => {
          await forget(scope, limits.before);
          await scope.usage.prune(limits.usageBefore);
        });
      }
      after = page.at(-1);
      if (after === undefined || page.length < PAGE) return;
    }
  }
}

async function forget(scope: ServiceInstanceScope, before: Date): Promise<void> {
  const instance = await scope.serviceInstance.lock();
  if (instance === undefined) return;
  const ended = instance.status === 'deleted' || instance.status === 'failed';
  if (!ended || instance.updatedAt > before) {
    // The newest one stays: its number is the base of the next, and a platform that names none asks for it.
    await scope.operations.prune(before);
    return;
  }
  await scope.operations.removeAll();
  await scope.serviceInstance.remove();
}
