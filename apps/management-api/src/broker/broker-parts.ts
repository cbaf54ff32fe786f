import { randomUUID } from 'node:crypto';

import { type Clock } from '@lib/kernel';
import {
  type CatalogDirectory,
  CatalogRetention,
  type CatalogUnitOfWork,
  DeprovisioningService,
  InstanceStateService,
  InstanceUpdateService,
  LeasedWorker,
  type Leases,
  OperationRunner,
  OperationSteps,
  OperationWorker,
  ProvisioningService,
  ServiceBindingService,
  type UsageDirectory,
  UsageRecorder,
  type UsageReporter,
  UsageSender,
} from '@lib/tenancy';

export interface BrokerPartsOptions {
  readonly unitOfWork: CatalogUnitOfWork;
  readonly directory: CatalogDirectory & UsageDirectory;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
  /** How long until every gateway has surely heard of a change: its poll and a margin. */
  readonly settleMs?: number;
  readonly maximumInstancesPerAccount?: number;
  /** Where usage is reported; absent: it is recorded and kept. */
  readonly usageReporter?: UsageReporter;
  readonly operationIntervalMs?: number;
  readonly usageIntervalMs?: number;
}

const DEFAULT_SETTLE_MS = 3_000;
const OPERATION_INTERVAL_MS = 500;
/** An operation of a process that died goes on after this time. */
const OPERATION_LEASE_MS = 4_000;
const USAGE_INTERVAL_MS = 60_000;
const USAGE_LEASE_MS = 180_000;
const RETENTION_INTERVAL_MS = 3_600_000;
const RETENTION_LEASE_MS = 600_000;

/** The services behind the broker and the duties in its background, put together. */
export class BrokerParts {
  readonly runner: OperationRunner;
  readonly provisioning: ProvisioningService;
  readonly updates: InstanceUpdateService;
  readonly deprovisioning: DeprovisioningService;
  readonly states: InstanceStateService;
  readonly bindings: ServiceBindingService;
  readonly operations: LeasedWorker;
  readonly metering: LeasedWorker;
  readonly retention: LeasedWorker;

  constructor(options: BrokerPartsOptions) {
    const { unitOfWork, clock, directory, log } = options;
    const settleMs = options.settleMs ?? DEFAULT_SETTLE_MS;
    const steps = new OperationSteps(clock, { newId: randomUUID, settleMs });
    this.runner = new OperationRunner(unitOfWork, steps, clock);
    this.provisioning = new ProvisioningService(unitOfWork, this.runner, clock, {
      ...(options.maximumInstancesPerAccount && { maximumPerAccount: options.maximumInstancesPerAccount }),
    });
    this.updates = new InstanceUpdateService(unitOfWork, steps, clock);
    this.deprovisioning = new DeprovisioningService(unitOfWork, this.runner, steps, clock);
    this.states = new InstanceStateService(unitOfWork, clock);
    this.bindings = new ServiceBindingService(unitOfWork, clock);
    const owner = randomUUID();
    const worker = new OperationWorker(directory, this.runner, clock, log);
    this.operations = new LeasedWorker({
      name: 'catalog-operations',
      owner,
      leases: options.leases,
      intervalMs: options.operationIntervalMs ?? OPERATION_INTERVAL_MS,
      leaseMs: OPERATION_LEASE_MS,
      work: () => worker.runDue(),
      log,
    });
    this.metering = new LeasedWorker({
      name: 'usage-metering',
      owner,
      leases: options.leases,
      intervalMs: options.usageIntervalMs ?? USAGE_INTERVAL_MS,
      leaseMs: USAGE_LEASE_MS,
      work: meteringRound(options),
      log,
    });
    const retention = new CatalogRetention(unitOfWork, directory, clock);
    this.retention = new LeasedWorker({
      name: 'catalog-retention',
      owner,
      leases: options.leases,
      intervalMs: RETENTION_INTERVAL_MS,
      leaseMs: RETENTION_LEASE_MS,
      work: () => retention.prune(),
      log,
    });
  }

  start(): void {
    this.operations.start();
    this.metering.start();
    this.retention.start();
  }

  async stop(): Promise<void> {
    await this.operations.stop();
    await this.metering.stop();
    await this.retention.stop();
  }
}

function meteringRound({ unitOfWork, directory, clock, log, usageReporter }: BrokerPartsOptions): () => Promise<void> {
  const recorder = new UsageRecorder(unitOfWork, directory, clock);
  const sender = usageReporter && new UsageSender(unitOfWork, directory, usageReporter, clock, log);
  return async () => {
    await recorder.recordFullHours();
    await sender?.sendPending();
  };
}
