import { type KmipClient, vcenter } from '@lib/kmip-client';
import { type OperationRequest, RevocationReasonCode } from '@lib/kmip-protocol';

import { createKey, fetchKey, stateOf } from './support/keys';
import { RunningService, until } from './support/running-service';
import { addTenant } from './support/second-tenant';

jest.setTimeout(180_000);

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

/** Every operation that names an object. */
const operations: Record<string, (uniqueIdentifier: string) => OperationRequest> = {
  Get: (uniqueIdentifier) => ({ name: 'Get', payload: { uniqueIdentifier } }),
  GetAttributes: (uniqueIdentifier) => ({ name: 'GetAttributes', payload: { uniqueIdentifier, attributeNames: [] } }),
  GetAttributeList: (uniqueIdentifier) => ({ name: 'GetAttributeList', payload: { uniqueIdentifier } }),
  AddAttribute: (uniqueIdentifier) => ({
    name: 'AddAttribute',
    payload: {
      uniqueIdentifier,
      attribute: { attributeName: 'x-Name', attributeValue: { type: 'TextString', value: 'mine' } },
    },
  }),
  Activate: (uniqueIdentifier) => ({ name: 'Activate', payload: { uniqueIdentifier } }),
  Revoke: (uniqueIdentifier) => ({
    name: 'Revoke',
    payload: { uniqueIdentifier, revocationReason: { revocationReasonCode: RevocationReasonCode.KeyCompromise } },
  }),
  Destroy: (uniqueIdentifier) => ({ name: 'Destroy', payload: { uniqueIdentifier } }),
};

describe('two tenants on one service', () => {
  let service: RunningService;
  let owner: KmipClient;
  let intruder: KmipClient;
  let id: string;

  beforeAll(async () => {
    service = await RunningService.start();
    owner = await service.kmip(0);
    id = await createKey(owner);
    await owner.addAttribute(id, {
      attributeName: 'Name',
      attributeValue: {
        type: 'Structure',
        value: [
          { tag: 0x420055, type: 'TextString', value: 'shared-name' },
          { tag: 0x420054, type: 'Enumeration', value: 1 },
        ],
      },
    });
    const tenant = await addTenant(service, 'intruder');
    await until('the second tenant is served', 2_000, async () => {
      intruder = await tenant.connect(1);
      const answer = await fetchKey(intruder, await createKey(intruder).catch(() => UNKNOWN));
      if ('hex' in answer) return true;
      await intruder.close();
      return false;
    });
  });

  afterAll(async () => {
    await Promise.all([owner.close(), intruder.close()]);
    await service.remove();
  });

  it.each(Object.entries(operations))(
    '%s of a foreign key answers exactly as of an unknown one',
    async (_name, request) => {
      const [foreign] = await intruder.batch([request(id)]);
      const [unknown] = await intruder.batch([request(UNKNOWN)]);
      expect(foreign).toEqual(unknown);
      expect(foreign?.resultStatus).not.toBe(0);
      expect(JSON.stringify(foreign)).not.toContain(id);
    },
  );

  it('Locate finds only own keys, by any filter', async () => {
    const { uniqueIdentifiers } = await intruder.locate([]);
    expect(uniqueIdentifiers).not.toContain(id);
    expect(uniqueIdentifiers.length).toBeGreaterThan(0);
    const byId = await intruder.locate([
      { attributeName: 'Unique Identifier', attributeValue: { type: 'TextString', value: id } },
    ]);
    expect(byId.uniqueIdentifiers).toEqual([]);
  });

  it('a name taken by one tenant is free for the other', async () => {
    const own = await createKey(intruder);
    await expect(
      intruder.addAttribute(own, {
        attributeName: 'Name',
        attributeValue: {
          type: 'Structure',
          value: [
            { tag: 0x420055, type: 'TextString', value: 'shared-name' },
            { tag: 0x420054, type: 'Enumeration', value: 1 },
          ],
        },
      }),
    ).resolves.toBeDefined();
  });

  it('nothing of all that changed the key', async () => {
    expect(await stateOf(owner, id)).toBe('PreActive');
    expect(await fetchKey(owner, id)).toHaveProperty('hex');
    const { attributes } = await owner.getAttributes(id, ['x-Name']);
    expect(attributes).toEqual([]);
  });

  it('one tenant whose key manager hangs does not slow the other', async () => {
    await service.localCloud('POST', '/faults', {
      match: { instance: service.connection.keyManager.instanceId },
      effect: { kind: 'hang' },
    });
    try {
      const stuck = first_(owner, id);
      const own = await createKey(intruder);
      expect(await fetchKey(intruder, own)).toHaveProperty('hex');
      expect(await stuck).not.toHaveProperty('hex');
    } finally {
      await service.localCloud('DELETE', '/faults');
    }
  });

  const first_ = (client: KmipClient, key: string) => fetchKey(client, key);

  it('serves vCenter again once the key manager is back', async () => {
    await until(
      'the key manager of the first tenant is used again',
      15_000,
      async () => 'hex' in (await fetchKey(owner, id)),
    );
    expect((await owner.send(vcenter.activate(id))).batchItems[0]?.resultStatus).toBe(0);
  });
});
