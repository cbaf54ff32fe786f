import { DomainError, newCorrelationId } from '@lib/kernel';
import { ResultReason, V1_1 } from '@lib/kmip-protocol';

import { explainFailure } from './item-failure';

class Outage extends DomainError {
  readonly code = 'database_unavailable';
}

class Coded extends DomainError {
  constructor(readonly code: string) {
    super('what an operator reads');
  }
}

describe('explainFailure', () => {
  it('tells an outage of the catalog as such: it is no bug, and passes', () => {
    const outage = new Outage('the database did not answer in time');
    expect(explainFailure(outage, V1_1, newCorrelationId())).toEqual({
      reason: ResultReason.GeneralFailure,
      message: expect.stringMatching(/^The KMIP server cannot reach its catalog .+ \[catalog_unavailable\]$/) as string,
      code: 'catalog_unavailable',
      unexpected: false,
      recorded: false,
      outage,
    });
  });

  it('tells who has used up its share of the catalog that it is this limit', () => {
    const explained = explainFailure(new Coded('database_share_used'), V1_1, newCorrelationId());
    expect(explained).toMatchObject({ code: 'database_share', reason: ResultReason.GeneralFailure, unexpected: false });
    expect(explained.message).toMatch(/its share of the catalog .+ \[database_share\]$/);
  });

  it.each([
    ['credential_unreadable', 'credential_unreadable', /Set the API key of the instance anew/],
    ['credential_not_set', 'credential_not_set', /Set one in the KMIP instance/],
    ['root_key_not_set', 'root_key_not_bound', /Bind one/],
    ['endpoint_not_allowed', 'key_manager_address', /Bind the root key anew/],
    ['invalid_crn', 'key_manager_address', /Bind the root key anew/],
    ['instance_not_found', 'instance_gone', /does not exist any more/],
  ])('explains %s', (code, failure, sentence) => {
    const explained = explainFailure(new Coded(code), V1_1, newCorrelationId());
    expect(explained).toMatchObject({ code: failure, reason: ResultReason.PermissionDenied, unexpected: false });
    expect(explained.message).toMatch(sentence);
    expect(explained.message).not.toContain('what an operator reads');
  });

  it('explains nothing of a code it does not know', () => {
    expect(explainFailure(new Coded('instance_not_ready'), V1_1, newCorrelationId())).toMatchObject({
      code: 'internal',
      unexpected: true,
    });
  });

  it('explains nothing of any other error', () => {
    const correlationId = newCorrelationId();
    const failure = explainFailure(new Error('relation "secrets" does not exist'), V1_1, correlationId);
    expect(failure).toMatchObject({ code: 'internal', unexpected: true });
    expect(failure.message).not.toContain('secrets');
    expect(failure.message).toContain(correlationId);
  });
});
