import { type Logger, type Metrics } from '@lib/observability';

import { type AnswerObserver, type AnswerRecord } from './tenant-space';

/** Answers of the tenant API as metrics and log lines: names, numbers and ids, nothing that was sent. */
export class AnswerReport implements AnswerObserver {
  readonly #seconds;

  constructor(
    metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.#seconds = metrics.histogram('kmip_management_request_seconds', 'Time to answer a request of the tenant API', [
      'operation',
      'status',
    ]);
  }

  answered(answer: AnswerRecord): void {
    const { operationId: operation = 'none', status, latencyMs, isStream } = answer;
    if (!isStream) this.#seconds.observe({ operation, status: `${Math.floor(status / 100)}xx` }, latencyMs / 1000);
    this.logger.debug({ ...answer }, 'answered');
  }

  failed(error: unknown, correlationId: string): void {
    this.logger.error({ err: error, correlationId }, 'a request failed');
  }
}
