import { type Clock, type InstanceId } from '@lib/kernel';
import { type RegionDirectory, TenancyError } from '@lib/tenancy';

/**
 * While the processes of a region are restarted with a new service key, some do not know it yet, and would lose the
 * secrets that are sealed under it.
 */
export const RESEAL_AFTER_MS = 3_600_000;

const PAGE = 200;
const MAXIMUM_COUNTED = 100_000;

export interface CredentialResealingDependencies {
  readonly directory: Pick<RegionDirectory, 'outdatedCredentials'>;
  /** Who keeps something sealed for tenants. */
  readonly keepers: readonly { reseal(instanceId: InstanceId): Promise<unknown> }[];
  /** Newest version of the service key that this process knows. */
  readonly serviceKeyVersion: number;
  readonly clock: Clock;
  readonly gauge: (outdated: number) => void;
  readonly unreadable: (instanceId: InstanceId, error: TenancyError) => void;
}

/** Moves tenants' API keys and the secrets of their webhooks to the newest version of the service key, so that older ones can be taken away some day. */
export class CredentialResealing {
  private readonly notBeforeMs: number;

  constructor(private readonly dependencies: CredentialResealingDependencies) {
    this.notBeforeMs = dependencies.clock.monotonicMs() + RESEAL_AFTER_MS;
  }

  async round(): Promise<void> {
    const { directory, serviceKeyVersion, clock, gauge } = this.dependencies;
    if (clock.monotonicMs() >= this.notBeforeMs) await this.resealAll();
    gauge((await directory.outdatedCredentials(serviceKeyVersion, MAXIMUM_COUNTED)).length);
  }

  /** Each is tried once in a round: one that cannot be opened must not keep the others waiting. */
  private async resealAll(): Promise<void> {
    const { directory, serviceKeyVersion } = this.dependencies;
    const tried = new Set<InstanceId>();
    for (;;) {
      const outdated = await directory.outdatedCredentials(serviceKeyVersion, PAGE + tried.size);
      const next = outdated.filter((id) => !tried.has(id));
      if (next.length === 0) return;
      for (const instanceId of next) {
        tried.add(instanceId);
        await this.reseal(instanceId);
      }
    }
  }

  private async reseal(instanceId: InstanceId): Promise<void> {
    for (const keeper of this.dependencies.keepers) {
      try {
        await keeper.reseal(instanceId);
      } catch (error) {
        if (!(error instanceof TenancyError)) throw error;
        this.dependencies.unreadable(instanceId, error);
      }
    }
  }
}
