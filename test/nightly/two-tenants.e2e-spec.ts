import { randomInt } from 'node:crypto';

import { type KmipClient } from '@lib/kmip-client';

import { createKey, fetchKey } from '../e2e/support/keys';
import { RunningService } from '../e2e/support/running-service';
import { addTenant } from '../e2e/support/second-tenant';

jest.setTimeout(600_000);

const GETS = 10_000;
const SAMPLES = 10_000;
const KEYS = 10;
/** From there on a difference of means is told from chance (the limit of TVLA). */
const TELLABLE = 4.5;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]): number => {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
};
const welch = (one: readonly number[], other: readonly number[]): number =>
  (mean(one) - mean(other)) / Math.sqrt(variance(one) / one.length + variance(other) / other.length);

describe('two tenants on the running product', () => {
  let service: RunningService;
  let opened: KmipClient[];
  let clients: readonly (readonly KmipClient[])[];
  let keys: readonly Map<string, string>[];

  beforeAll(async () => {
    service = await RunningService.start();
    const tenant = await addTenant(service, 'neighbour');
    const open = (connect: (endpoint: number) => Promise<KmipClient>): Promise<KmipClient[]> =>
      Promise.all([0, 1, 0, 1].map(connect));
    clients = [await open((endpoint) => service.kmip(endpoint)), await open(tenant.connect)];
    opened = clients.flat();
    keys = await Promise.all(clients.map(([client]) => someKeys(client)));
  });

  afterAll(async () => {
    await Promise.all(opened.map((client) => client.close()));
    await service.remove();
  });

  async function someKeys(client: KmipClient | undefined): Promise<Map<string, string>> {
    const made = new Map<string, string>();
    while (client !== undefined && made.size < KEYS) {
      const id = await createKey(client);
      const answer = await fetchKey(client, id);
      if (!('hex' in answer)) throw new Error(answer.message);
      made.set(id, answer.hex);
    }
    return made;
  }

  it(`each gets its own keys and no other in ${GETS} Gets on warm connections, interleaved`, async () => {
    let left = GETS;
    let own = 0;
    let foreign = 0;
    const lanes = clients.flatMap((of, tenant) =>
      of.map(async (client) => {
        while (left > 0) {
          left -= 1;
          const whose = randomInt(10) === 0 ? 1 - tenant : tenant;
          const [id, hex] = [...(keys[whose] ?? [])][randomInt(KEYS)] ?? ['', ''];
          const answer = await fetchKey(client, id);
          if (whose === tenant) {
            expect(answer).toEqual({ hex });
            own += 1;
          } else {
            expect(answer).not.toHaveProperty('hex');
            foreign += 1;
          }
        }
      }),
    );
    await Promise.all(lanes);
    process.stdout.write(`${own} Gets of own keys, ${foreign} of keys of the other\n`);
    expect(own + foreign).toBe(GETS);
  });

  it('a key of the other cannot be told from none by how long the answer takes', async () => {
    const client = clients[1]?.[0];
    if (client === undefined) throw new Error('no client');
    const foreign = [...(keys[0]?.keys() ?? [])];
    const unknown = foreign.map((id) => id.replace(/^.{8}/, '00000000'));
    const times = [[], []] as [number[], number[]];
    const ask = async (kind: 0 | 1): Promise<void> => {
      const id = (kind === 0 ? foreign : unknown)[randomInt(KEYS)] ?? '';
      const startedAt = performance.now();
      await fetchKey(client, id);
      times[kind].push(performance.now() - startedAt);
    };
    // The first ones pay for what is compiled and cached.
    for (let round = 0; round < 500; round += 1) await ask(randomInt(2) === 0 ? 0 : 1);
    times[0].length = times[1].length = 0;
    for (let round = 0; round < SAMPLES; round += 1) {
      const first = randomInt(2) === 0 ? 0 : 1;
      await ask(first);
      await ask(first === 0 ? 1 : 0);
    }
    const t = welch(...times);
    process.stdout.write(`Welch's t ${t.toFixed(2)} of ${SAMPLES} answers each, ${mean(times[0]).toFixed(2)} ms\n`);
    expect(Math.abs(t)).toBeLessThan(TELLABLE);
  });
});
