import { BatchErrorContinuationOption, ObjectType, type OperationRequest } from '@lib/kmip-protocol';
import { EngineHarness, attribute, failureCode, nameValue, vcenterKey } from '@lib/testing';

import { type FailureCode, failureCatalog } from './failures/failure-catalog';
import { CREATE_NAMES, LOCATE_LIMITS, MESSAGE_LIMITS } from './limits';

const text = (value: string) => ({ type: 'TextString', value }) as const;
const date = (value: bigint) => ({ type: 'DateTime', value }) as const;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

const DATES = [
  ['Initial Date', 'Last Change Date', 'Activation Date', 'Process Start Date', 'Protect Stop Date'],
  ['Deactivation Date', 'Destroy Date', 'Compromise Date', 'Compromise Occurrence Date'],
].flat();

const locate = (attributes: readonly ReturnType<typeof attribute>[] = []): OperationRequest => ({
  name: 'Locate',
  payload: { attributes },
});
const create = (names: number): OperationRequest => ({
  name: 'Create',
  payload: {
    objectType: ObjectType.SymmetricKey,
    templateAttribute: {
      attributes: [...vcenterKey, ...times(names, (n) => attribute('Name', nameValue(`n${n}`)))],
    },
  },
});

describe('the limits of one request', () => {
  const cases: readonly (readonly [FailureCode, number, (count: number) => OperationRequest])[] = [
    [
      'locate_criteria',
      LOCATE_LIMITS.criteria,
      (count) => locate(times(count, (n) => attribute(`x-${n}`, text('value')))),
    ],
    [
      'locate_names',
      LOCATE_LIMITS.names,
      (count) => locate(times(count, (n) => attribute('Name', nameValue(`n${n}`)))),
    ],
    [
      'locate_date_ranges',
      LOCATE_LIMITS.dateRanges,
      (count) => locate(DATES.slice(0, count).map((name) => attribute(name, date(0n)))),
    ],
    ['create_names', CREATE_NAMES, create],
  ];

  it.each(cases)('%s: %s are served, and one more is refused before the catalog is asked', async (code, most, ask) => {
    const harness = new EngineHarness();
    const [served] = await harness.batch([ask(most)]);
    expect(failureCode(served!)).toBeUndefined();
    const locates = jest.spyOn(harness.store, 'locate');
    const [refused] = await harness.batch([ask(most + 1)]);
    expect(failureCode(refused!)).toBe(code);
    expect(locates).not.toHaveBeenCalled();
    expect(refused?.resultMessage).toContain(`(${most})`);
  });

  it('and those of a message are named with their figures', () => {
    expect(failureCatalog.batch_too_long.text).toContain(`(${MESSAGE_LIMITS.batchItems.toLocaleString('en-US')})`);
    expect(failureCatalog.message_work.text).toContain(`(${MESSAGE_LIMITS.matchedRows.toLocaleString('en-US')})`);
  });
});

describe('the budget of a message', () => {
  const goOn = { batchErrorContinuationOption: BatchErrorContinuationOption.Continue };
  /** Codes of the items, `ok` for those that were served. */
  async function codes(
    harness: EngineHarness,
    requests: readonly OperationRequest[],
    scope: Parameters<EngineHarness['batch']>[2] = {},
  ): Promise<string[]> {
    const items = await harness.batch(requests, goOn, scope);
    return items.map((item) => failureCode(item) ?? 'ok');
  }

  it('ends Locates that match too much, and nothing else of the message', async () => {
    const harness = new EngineHarness();
    const total = MESSAGE_LIMITS.matchedRows / 2;
    jest.spyOn(harness.store, 'locate').mockResolvedValue({ uniqueIdentifiers: [], total });
    const asked = [locate(), locate(), locate(), create(0)];
    expect(await codes(harness, asked)).toStrictEqual(['ok', 'ok', 'message_work', 'ok']);
  });

  it('counts a Locate without a hit too, but lets a whole message of them through', async () => {
    const harness = new EngineHarness();
    const asked = times(MESSAGE_LIMITS.batchItems, () => locate([attribute('x-none', text('nothing'))]));
    expect(new Set(await codes(harness, asked))).toStrictEqual(new Set(['ok']));
  });

  it('does nothing more once the answer is full: no key is made of which nobody hears', async () => {
    const harness = new EngineHarness();
    const scope = { limits: { maximumLiveKeys: 9, maximumAnswerBytes: 1_000 } };
    const query: OperationRequest = { name: 'Query', payload: { queryFunctions: [1, 2] } };
    const [first, ...rest] = await codes(harness, [create(0), ...times(9, () => query), create(0), locate()], scope);
    expect(first).toBe('ok');
    expect(rest.slice(-2)).toStrictEqual(['answer_limit', 'answer_limit']);
    expect(harness.store.objects()).toHaveLength(1);
  });

  it('tells of every change that was made, also by the answer that is a byte too long', async () => {
    const scope = { limits: { maximumLiveKeys: 9, maximumAnswerBytes: 1 } };
    expect(await codes(new EngineHarness(), [create(0), create(0), locate()], scope)).toStrictEqual([
      'ok',
      'ok',
      'answer_limit',
    ]);
  });

  it('asks for the memory of what it holds, and does nothing more once there is none', async () => {
    const harness = new EngineHarness();
    const held: number[] = [];
    const hold = (bytes: number): boolean => held.push(bytes) < 3;
    const asked = [locate(), locate(), locate(), create(0)];
    expect(await codes(harness, asked, { answerMemory: { hold } })).toStrictEqual([
      'ok',
      'ok',
      'answer_memory',
      'answer_memory',
    ]);
    expect(held).toStrictEqual([...held].sort((a, b) => a - b));
    expect(harness.store.objects()).toHaveLength(0);
  });
});
