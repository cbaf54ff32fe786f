import { Operation, operationCodec, V1_0, V1_1, V1_4 } from '@lib/kmip-protocol';

import { everyOperation, KMIP_OPERATIONS } from './index';
import { markOf } from './kmip-operation';
import { OperationTable } from './operation-table';

const providers = () => KMIP_OPERATIONS.map((operation) => new operation());

describe('the operations', () => {
  it('are those whose payloads can be read, and no others', () => {
    const readable = Object.values(Operation).filter((number) => operationCodec(number) !== undefined);
    expect(readable.length).toBeGreaterThan(10);
    expect(everyOperation().numbers(V1_4)).toEqual(readable.sort((one, other) => one - other));
  });

  it('are in a version from the one that introduced them on', () => {
    const table = everyOperation();
    expect(table.numbers(V1_0)).not.toContain(Operation.DiscoverVersions);
    expect(table.numbers(V1_1)).toContain(Operation.DiscoverVersions);
  });

  it('have a handler each: a second one is refused at the start', () => {
    const [first = {}] = providers();
    expect(() => new OperationTable([...providers(), first])).toThrow(
      `two providers carry out ${markOf(first)?.name ?? ''}`,
    );
  });

  it('are marked: nothing else is taken for one', () => {
    expect(() => new OperationTable([new Date()])).toThrow('Date is not marked @KmipOperation');
  });

  it('hold back the answer of what only reads, and never that of a change', () => {
    const table = everyOperation();
    const changing = providers().flatMap((provider) => {
      const name = markOf(provider)?.name;
      return name !== undefined && table.changes(name) ? name : [];
    });
    expect(changing.sort()).toEqual(['Activate', 'AddAttribute', 'Create', 'Destroy', 'Revoke']);
  });

  it('are questions about the server, or serve from one row, or are work', () => {
    const table = everyOperation();
    const numbers = table.numbers(V1_4);
    const { Query, DiscoverVersions, Get, GetAttributes, GetAttributeList } = Operation;
    expect(numbers.filter((number) => table.isQuestion(number))).toEqual([Query, DiscoverVersions]);
    const serving = [Get, GetAttributes, GetAttributeList, Query, DiscoverVersions];
    expect(numbers.filter((number) => table.serves(number))).toEqual(serving);
    expect([table.isQuestion(Operation.Register), table.serves(Operation.Register)]).toEqual([false, false]);
  });

  it('have names in the trail, and what is not served has none', () => {
    const table = everyOperation();
    for (const provider of providers()) {
      expect(table.auditAction(markOf(provider)?.name ?? '')).toMatch(/^vmware-solutions\.kmip-/);
    }
    expect(table.auditAction('Register')).toBeUndefined();
    expect(table.auditAction('constructor')).toBeUndefined();
  });
});
