import { type Clock } from '@lib/kernel';

import { type OperationRunner } from './operation-runner';
import { type ServiceInstanceDirectory } from './provisioning.ports';

const BATCH = 50;

/** Carries operations on that nobody waits for: background ones, and those of a process that died. */
export class OperationWorker {
  constructor(
    private readonly directory: Pick<ServiceInstanceDirectory, 'dueOperations'>,
    private readonly runner: OperationRunner,
    private readonly clock: Clock,
    private readonly log: (message: string, error?: unknown) => void,
  ) {}

  /** Drives what is due now. One that fails is put off and does not hold up the others. */
  async runDue(): Promise<void> {
    for (const { instanceId, number } of await this.directory.dueOperations(this.clock.now(), BATCH)) {
      try {
        await this.runner.drive(instanceId, number);
      } catch (error) {
        this.log('an operation of a service instance could not go on', error);
        await this.runner.noteFailedAttempt(instanceId, number);
      }
    }
  }
}
