import { type InstanceId } from '@lib/kernel';
import { type EndpointActivation as Activated } from '@lib/tenancy';

import { EndpointConfirmations } from './endpoint-confirmations';

const instance = 'instance-1' as InstanceId;

function setUp(answerAt: (nowMs: number) => readonly Activated[]) {
  const time = { ms: 0 };
  const confirmations = new EndpointConfirmations({
    log: { of: async () => await Promise.resolve(answerAt(time.ms)) },
    monotonicMs: () => time.ms,
    pause: (ms) => {
      time.ms += ms;
      return Promise.resolve();
    },
  });
  return { confirmations, time };
}

const both = (second: boolean): Activated[] => [
  { endpoint: 'kmip-1', active: true },
  { endpoint: 'kmip-2', active: second },
];

describe('EndpointConfirmations', () => {
  it('waits until every endpoint has confirmed, and no longer', async () => {
    const { confirmations, time } = setUp((nowMs) => both(nowMs >= 60));
    expect(await confirmations.awaited(instance)).toEqual({
      complete: true,
      endpoints: ['kmip-1', 'kmip-2'],
      pending: [],
    });
    expect(time.ms).toBe(60);
  });

  it('answers within a second whatever the endpoints do, and says who is missing', async () => {
    const { confirmations, time } = setUp(() => both(false));
    expect(await confirmations.awaited(instance)).toEqual({
      complete: false,
      endpoints: ['kmip-1'],
      pending: ['kmip-2'],
    });
    expect(time.ms).toBeGreaterThan(800);
    expect(time.ms).toBeLessThanOrEqual(900);
  });

  it.each([
    ['every endpoint has confirmed', () => both(true), undefined],
    ['no endpoint runs', () => [], undefined],
    ['one has not confirmed', () => both(false), { complete: false, endpoints: ['kmip-1'], pending: ['kmip-2'] }],
  ])('says who may go by what was taken away: %s', async (_when, answer, left) => {
    expect(await setUp(answer).confirmations.withdrawn(instance)).toEqual(left);
  });

  it('does not turn a change that was made into a failure', async () => {
    const { confirmations } = setUp(() => {
      throw new Error('database away');
    });
    const unknown = { complete: false, endpoints: [], pending: [] };
    expect(await confirmations.awaited(instance)).toEqual(unknown);
    expect(await confirmations.withdrawn(instance)).toEqual(unknown);
    await expect(confirmations.present(instance)).rejects.toThrow('database away');
  });

  it('does not wait where nobody is, and calls nothing complete', async () => {
    const { confirmations, time } = setUp(() => []);
    expect(await confirmations.awaited(instance)).toEqual({ complete: false, endpoints: [], pending: [] });
    expect(time.ms).toBe(0);
  });
});
