import { Operation } from '../spec/enumerations';
import { operationIntroducedIn } from './operation-versions';
import { V1_0, V1_1, V1_2, V1_4 } from '../protocol-version';

describe('operationIntroducedIn', () => {
  it.each([
    [Operation.Create, V1_0],
    [Operation.DiscoverVersions, V1_1],
    [Operation.Encrypt, V1_2],
    [Operation.Export, V1_4],
    [0x2c, undefined],
    [0, undefined],
  ])('operation %i', (operation, version) => expect(operationIntroducedIn(operation)).toEqual(version));
});
