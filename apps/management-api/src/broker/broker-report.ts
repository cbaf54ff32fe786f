import { type Logger, type Metrics } from '@lib/observability';

import { type BrokerObserver } from './http/osb.plugin';

/** Answers of the broker as metrics and log lines: names, numbers and ids, nothing that was sent. */
export class BrokerReport implements BrokerObserver {
  readonly #seconds;

  constructor(
    metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.#seconds = metrics.histogram('kmip_broker_request_seconds', 'Time to answer a request of the service broker', [
      'route',
      'status',
    ]);
  }

  answered(answer: Parameters<BrokerObserver['answered']>[0]): void {
    const { route, method, status, latencyMs } = answer;
    this.#seconds.observe({ route: `${method} ${route}`, status: `${Math.floor(status / 100)}xx` }, latencyMs / 1_000);
    this.logger.debug({ ...answer }, 'the platform was answered');
  }

  failed(error: unknown, correlationId: string): void {
    this.logger.error({ err: error, correlationId }, 'a request of the platform failed');
  }
}
