import { type KmipClient } from '@lib/kmip-client';

import { createKey, fetchKey } from './support/keys';
import { RunningService, until } from './support/running-service';
import { TenantApi } from './support/tenant-api';

jest.setTimeout(180_000);

interface Wrap {
  readonly operation: string;
  readonly status?: number;
  readonly madeKey?: true;
}

describe('who makes keys', () => {
  let service: RunningService;
  let api: TenantApi;
  let client: KmipClient;

  beforeAll(async () => {
    service = await RunningService.start();
    api = new TenantApi(service, await service.token('manager'));
    client = await service.kmip();
  });

  afterAll(async () => {
    await client.close();
    await service.remove();
  });

  /** Creates a key. @returns whether the key manager made it */
  async function madeThere(): Promise<boolean> {
    await service.localCloud('DELETE', '/requests');
    const id = await createKey(client);
    expect(await fetchKey(client, id)).toEqual({ hex: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    const { latest } = await service.localCloud<{ latest: Wrap[] }>('GET', '/requests');
    const wraps = latest.filter(({ operation, status }) => operation === 'secrets.wrap' && status === 200);
    expect(wraps).toHaveLength(1);
    return wraps[0]?.madeKey === true;
  }

  async function choose(keyGeneration: string): Promise<void> {
    const { etag = '' } = await api.call('GET', '');
    const headers = { 'if-match': etag };
    const answer = await api.call('PATCH', '', { key_generation: keyGeneration }, { headers });
    expect(answer.body).toMatchObject({ key_generation: keyGeneration });
  }

  it('is the gateway, until the instance asks its key manager to, and again when that is taken back', async () => {
    expect(await madeThere()).toBe(false);
    await choose('key_manager');
    await until('the gateway has heard', 30_000, madeThere);
    await choose('local');
    await until('the gateway has heard', 30_000, async () => !(await madeThere()));
  });
});
