import { everyOperation } from '@lib/kmip-engine';
import { Operation, V1_0, V1_1, V1_2, V1_3, V1_4 } from '@lib/kmip-protocol';

import { DOCUMENTED_OPERATIONS, NOT_SERVED } from './support/documented-operations';

describe('the operations of docs/conformance.md', () => {
  it('are those of KMIP 1.x, each once', () =>
    expect(DOCUMENTED_OPERATIONS.map(({ name }) => name)).toEqual(Object.keys(Operation)));

  it.each([V1_0, V1_1, V1_2, V1_3, V1_4])('are served in $major.$minor as the engine serves them', (version) => {
    const served = DOCUMENTED_OPERATIONS.filter(({ servedIn }) => servedIn.includes(version.minor));
    const numbers: Readonly<Record<string, number>> = Operation;
    expect(served.map(({ name }) => numbers[name])).toEqual(everyOperation().numbers(version));
  });

  it.each(Object.entries(NOT_SERVED))('%s is not served for a reason', (_name, reason) => expect(reason).not.toBe(''));
});
