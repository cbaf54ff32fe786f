import { type Logger, type Metrics } from '@lib/observability';
import { type ReconciliationReport } from '@lib/service-instances';

/** Never a body, token or parameter. */
interface AnswerOfBroker {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly correlationId: string;
}

/** Answers of the broker as metrics and log lines: names, numbers and ids, nothing that was sent. */
export class BrokerReport {
  readonly #seconds;
  readonly #instances;

  constructor(
    metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.#seconds = metrics.histogram('kmip_broker_request_seconds', 'Time to answer a request of the service broker', [
      'route',
      'status',
    ]);
    this.#instances = metrics.gauge(
      'kmip_platform_instances',
      'Instances by what the last comparison with the platform found; set in the process that compared',
      ['finding'],
    );
  }

  answered(answer: AnswerOfBroker): void {
    const { route, method, status, latencyMs } = answer;
    this.#seconds.observe({ route: `${method} ${route}`, status: `${Math.floor(status / 100)}xx` }, latencyMs / 1_000);
    this.logger.debug({ ...answer }, 'the platform was answered');
  }

  /** A bug or an outage; the platform got fixed text. */
  failed(error: unknown, correlationId: string): void {
    this.logger.error({ err: error, correlationId }, 'a request of the platform failed');
  }

  /** A comparison with the platform has come to its end. */
  reconciled({ checked, orphans, shouldBeDisabled, undecided, blind }: ReconciliationReport): void {
    this.#instances.set({ finding: 'checked' }, checked);
    this.#instances.set({ finding: 'orphaned' }, orphans.length);
    this.#instances.set({ finding: 'should_be_disabled' }, shouldBeDisabled.length);
    // When the platform shows none of them, nothing is known of any.
    this.#instances.set({ finding: 'undecided' }, blind ? checked : undecided);
  }
}
