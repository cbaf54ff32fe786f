import { setTimeout as pause } from 'node:timers/promises';

import { type InstanceId } from '@lib/kernel';
import { type ActivationLog } from '@lib/tenancy';

/** Which endpoints have taken the present list of certificates in, and which have not confirmed it yet. */
export interface Activation {
  readonly complete: boolean;
  readonly endpoints: readonly string[];
  readonly pending: readonly string[];
}

/** Endpoints usually confirm within a few milliseconds; one that is stuck must not keep the caller from his answer. */
const WAIT_MS = 900;
const ASK_AGAIN_MS = 15;

const UNKNOWN: Activation = { complete: false, endpoints: [], pending: [] };

export interface EndpointConfirmationsOptions {
  readonly log: Pick<ActivationLog, 'of'>;
  readonly monotonicMs: () => number;
  /** Replaced in tests. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** What the endpoints have confirmed of an instance's list of certificates. */
export class EndpointConfirmations {
  constructor(private readonly options: EndpointConfirmationsOptions) {}

  async present(instanceId: InstanceId): Promise<Activation> {
    const known = await this.options.log.of(instanceId);
    const named = (wanted: boolean): string[] =>
      known.filter(({ active }) => active === wanted).map(({ endpoint }) => endpoint);
    const [endpoints, pending] = [named(true), named(false)];
    return { complete: endpoints.length > 0 && pending.length === 0, endpoints, pending };
  }

  /**
   * After a change: waits for every endpoint, or for as long as a caller can be kept waiting. Never rejects: the change
   * is made, and whoever made it is told so even when nobody can be asked where it is in force.
   */
  async awaited(instanceId: InstanceId): Promise<Activation> {
    try {
      return await this.#awaited(instanceId);
    } catch {
      return UNKNOWN;
    }
  }

  /**
   * After something was taken away, waits the same way.
   * @returns undefined when no endpoint serves by what was before; else who may still, as far as that is known
   */
  async withdrawn(instanceId: InstanceId): Promise<Activation | undefined> {
    const activation = await this.awaited(instanceId);
    return activation === UNKNOWN || activation.pending.length > 0 ? activation : undefined;
  }

  async #awaited(instanceId: InstanceId): Promise<Activation> {
    const { monotonicMs, pause: wait = pause } = this.options;
    const deadline = monotonicMs() + WAIT_MS;
    for (;;) {
      const activation = await this.present(instanceId);
      if (activation.pending.length === 0 || monotonicMs() + ASK_AGAIN_MS > deadline) return activation;
      await wait(ASK_AGAIN_MS);
    }
  }
}
