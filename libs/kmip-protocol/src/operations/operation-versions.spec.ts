import { Operation } from '../spec/enumerations';
import { operationIntroducedIn } from './operation-versions';

describe('operationIntroducedIn', () => {
  it.each([
    [Operation.Create, { major: 1, minor: 0 }],
    [Operation.DiscoverVersions, { major: 1, minor: 1 }],
    [Operation.Encrypt, { major: 1, minor: 2 }],
    [Operation.Export, { major: 1, minor: 4 }],
    [0x2c, undefined],
    [0, undefined],
  ])('operation %i', (operation, version) => expect(operationIntroducedIn(operation)).toEqual(version));
});
