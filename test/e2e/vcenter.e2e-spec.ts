import { ResultReason, ResultStatus } from '@lib/kmip-protocol';
import { type KmipClient, virtualMachineAttributes } from '@lib/kmip-client';

import { UNKIND } from '../../apps/local-cloud/src/behaviour';
import { createKey, fetchKey, first, productAttributes, stateOf, vcenter } from './support/keys';
import { RunningService } from './support/running-service';

jest.setTimeout(180_000);

describe('vCenter against the running service', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start({ cloud: 'unkind' });
  });

  afterAll(async () => {
    await service.remove();
  });

  async function with_<T>(endpoint: number, act: (client: KmipClient) => Promise<T>): Promise<T> {
    const client = await service.kmip(endpoint);
    try {
      return await act(client);
    } finally {
      await client.close();
    }
  }

  it('lives the life of a VM key: create, get, state, activate, tag', async () => {
    const id = await with_(0, createKey);
    await with_(1, async (client) => {
      expect(await fetchKey(client, id)).toMatchObject({ hex: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
      expect(await stateOf(client, id)).toBe('PreActive');
      expect((await first(client, vcenter.activate(id))).resultStatus).toBe(ResultStatus.Success);
      expect(await stateOf(client, id)).toBe('Active');
    });
    await with_(0, async (client) => {
      const absent = await first(client, vcenter.getCustomAttribute(id, 'x-Name'));
      expect(absent).toMatchObject({
        resultStatus: ResultStatus.Success,
        response: { payload: { uniqueIdentifier: id, attributes: [] } },
      });
      const tags = virtualMachineAttributes('502f7f35-1e8e-9dd1-7d4b-0f1b8a0a3c11', 'payroll-01');
      const { batchItems } = await client.send(vcenter.addAttributes(id, tags));
      expect(batchItems.map(({ resultStatus }) => resultStatus)).toEqual([0, 0, 0]);
      expect(batchItems.map(({ uniqueBatchItemId }) => uniqueBatchItemId?.toString('hex'))).toEqual([
        '514c4b4301000000',
        '514c4b4302000000',
        '514c4b4303000000',
      ]);
      const name = await first(client, vcenter.getCustomAttribute(id, 'x-Name'));
      expect(name).toMatchObject({
        response: { payload: { attributes: [{ attributeValue: { value: 'payroll-01' } }] } },
      });
    });
  });

  it('creates on one endpoint and serves on the other at once: 0 misses in 1,000', async () => {
    const lanes = await Promise.all(
      Array.from({ length: 8 }, async () => [await service.kmip(0), await service.kmip(1)] as const),
    );
    let misses = 0;
    await Promise.all(
      lanes.map(async ([creator, reader]) => {
        for (let round = 0; round < 125; round += 1) {
          const id = await createKey(creator);
          if (!('hex' in (await fetchKey(reader, id)))) misses += 1;
        }
      }),
    );
    await Promise.all(lanes.flat().map((client) => client.close()));
    expect(misses).toBe(0);
  });

  it('serves 64 hosts that ask for one key at the same moment with one certificate', async () => {
    const id = await with_(0, createKey);
    const expected = await with_(0, (client) => fetchKey(client, id));
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, index) => with_(index % 2, (client) => fetchKey(client, id))),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set([JSON.stringify(expected)]));
  });

  it('loses nothing when a key is tagged and activated at the same time', async () => {
    const [tagger, activator] = [await service.kmip(0), await service.kmip(1)];
    for (let round = 0; round < 100; round += 1) {
      const id = await createKey(tagger);
      await Promise.all([
        tagger.send(vcenter.addAttributes(id, productAttributes)),
        activator.send(vcenter.activate(id)),
      ]);
      const { attributes } = await tagger.getAttributes(id, ['State', ...Object.keys(productAttributes)]);
      expect(attributes).toHaveLength(4);
      expect(await stateOf(activator, id)).toBe('Active');
    }
    await Promise.all([tagger.close(), activator.close()]);
  });

  it('takes handshakes without a request as what they are', async () => {
    for (let round = 0; round < 40; round += 1) await with_(round % 2, () => Promise.resolve());
    await with_(0, async (client) => {
      expect((await first(client, vcenter.probe())).resultStatus).toBe(ResultStatus.Success);
    });
  });

  it('puts off a key of the minutes that a fail-over lost, and serves it when the region is back', async () => {
    // The root key was made before.
    await service.localCloud('POST', '/clock', { advanceSeconds: 3_600 });
    const id = await with_(0, createKey);
    const behaviour = await service.localCloud('POST', '/behaviour', { rollBackMinutes: 30 });
    expect(behaviour).toEqual({ ...UNKIND, rollBackMinutes: 30 });
    // The endpoint that made it may still have it.
    expect(await with_(1, (client) => fetchKey(client, id))).toMatchObject({ reason: ResultReason.GeneralFailure });
    await service.localCloud('POST', '/behaviour', { rollBackMinutes: 0 });
    expect(await with_(1, (client) => fetchKey(client, id))).toEqual(await with_(0, (client) => fetchKey(client, id)));
    await service.localCloud('POST', '/clock', { reset: true });
  });

  it('answers an unknown identifier with Item Not Found', async () => {
    expect(await with_(0, (client) => fetchKey(client, '00000000-0000-4000-8000-000000000000'))).toMatchObject({
      reason: ResultReason.ItemNotFound,
    });
  });
});
