import { DomainError, newCorrelationId } from '@lib/kernel';
import { ResultReason } from '@lib/kmip-protocol';

import { explainFailure } from './item-failure';

class Outage extends DomainError {
  readonly code = 'database_unavailable';
}

describe('explainFailure', () => {
  it('tells an outage of the catalog as such: it is no bug, and passes', () => {
    const outage = new Outage('the database did not answer in time');
    expect(explainFailure(outage, 1, newCorrelationId())).toEqual({
      reason: ResultReason.GeneralFailure,
      message: expect.stringMatching(/^The KMIP server cannot reach its catalog .+ \[catalog_unavailable\]$/) as string,
      code: 'catalog_unavailable',
      unexpected: false,
      recorded: false,
      outage,
    });
  });

  it('explains nothing of any other error', () => {
    const correlationId = newCorrelationId();
    const failure = explainFailure(new Error('relation "secrets" does not exist'), 1, correlationId);
    expect(failure).toMatchObject({ code: 'internal', unexpected: true });
    expect(failure.message).not.toContain('secrets');
    expect(failure.message).toContain(correlationId);
  });
});
