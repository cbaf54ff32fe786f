import { issueCertificateAuthority, issueClientCertificate, issueServerCertificate } from '@lib/pki';
import { KeyProviders } from '@lib/vi-json';

import { sha256Of } from '../certificates';
import { type ServedEndpoint } from '../kmip-service';
import { carryOut, type Step, StepFailure, type StepReport } from '../plan/steps';
import { checkBeforeConnect, connectSteps, demandStandardProvider, providerNameFor } from './connect';
import { type ConnectWish, type ConnectWorld, TRUST_WAYS } from './connect-world';
import { aConnectWorld } from './connect-world.fixture';
import { cutBy, FakeNotes, FakeService } from './fake-service.fixture';
import { FakeVCenter } from './fake-vcenter.fixture';

const WISH: ConnectWish = {
  provider: 'acme-kp',
  trust: 'self-signed',
  credential: true,
  makeDefault: true,
  testAgain: false,
  waitMs: 5_000,
};
const soon = { validDays: 1, keyKind: 'ec-p256' } as const;

interface Pems {
  readonly servers: readonly string[];
  readonly others: readonly { readonly pem: string; readonly privateKeyPem: string }[];
  readonly selfSigned: readonly string[];
  readonly expired: string;
}

async function makePems(): Promise<Pems> {
  const ca = await issueCertificateAuthority({ commonName: 'CA', validDays: 1 });
  const names = { dnsNames: [], ipAddresses: ['127.0.0.1'] };
  const servers = [];
  for (const commonName of ['kmip-1', 'kmip-2']) {
    servers.push((await issueServerCertificate(ca, { ...soon, ...names, commonName })).certificatePem);
  }
  const others = [];
  const selfSigned = [];
  for (let index = 0; index < 2; index++) {
    const pair = await issueClientCertificate(ca, { ...soon, commonName: `pair ${index}` });
    others.push({ pem: pair.certificatePem, privateKeyPem: pair.privateKeyPem.exposeText() });
    selfSigned.push(
      (await issueClientCertificate('self-signed', { ...soon, commonName: 'kmipClient' })).certificatePem,
    );
  }
  const notBefore = new Date(Date.now() - 3 * 86_400_000);
  const expired = await issueClientCertificate('self-signed', { ...soon, commonName: 'kmipClient', notBefore });
  return { servers, others, selfSigned, expired: expired.certificatePem };
}

describe('connecting a vCenter', () => {
  let pems: Pems;
  let vcenter: FakeVCenter;
  let service: FakeService;
  let endpoints: readonly ServedEndpoint[];
  let world: ConnectWorld;
  const notes: string[] = [];
  let kept: FakeNotes;

  beforeAll(async () => (pems = await makePems()));

  beforeEach(async () => {
    endpoints = pems.servers.map((pem, index) => ({
      name: `kmip-${index + 1}`,
      address: `kmip-${index + 1}.example.com`,
      port: 5696,
      certificate: { pem, sha256: sha256Of(pem), sha1: '', expiresAt: '' },
    }));
    [kept, vcenter, service] = fresh();
    world = await newWorld(WISH);
  });

  function fresh(): [FakeNotes, FakeVCenter, FakeService] {
    let issued = 0;
    let made = 0;
    const instance = new FakeService(endpoints, () => pems.others[issued++ % 2] ?? { pem: '', privateKeyPem: '' });
    const center = new FakeVCenter(
      { selfSigned: () => pems.selfSigned[made++ % 2] ?? '', signingRequest: 'CSR' },
      (sha256) => instance.registered.some((each) => each.sha256 === sha256),
      (attributes) => {
        const id = `key-${instance.keys.size + 1}`;
        instance.makeKey(id, attributes);
        return id;
      },
    );
    endpoints.forEach(({ address, port }, index) =>
      center.presented.set(`${address}:${port}`, pems.servers[index] ?? ''),
    );
    return [new FakeNotes(), center, instance];
  }

  async function newWorld(wish: ConnectWish): Promise<ConnectWorld> {
    const providers = new KeyProviders(await vcenter.session());
    return aConnectWorld({ providers, service, wish, endpoints, note: (text) => notes.push(text), notes: kept });
  }

  const connect = async (wish = WISH, dryRun = false): Promise<readonly StepReport[]> => {
    world = await newWorld(wish);
    return await carryOut(connectSteps(endpoints, wish), world, { dryRun });
  };
  const outcomes = (reports: readonly StepReport[]): readonly string[] => [
    ...new Set(reports.map(({ outcome }) => outcome)),
  ];

  it.each(TRUST_WAYS.filter((way) => way !== 'root-ca'))('ends with both servers connected, by %s', async (trust) => {
    expect(outcomes(await connect({ ...WISH, trust }))).toEqual(['done', 'already']);
    const provider = vcenter.providers.get('acme-kp');
    expect(provider?.servers.map(({ name, userName }) => [name, userName])).toEqual([
      ['kmip-1', 'acme-user'],
      ['kmip-2', 'acme-user'],
    ]);
    expect(service.registered.map(({ sha256 }) => sha256)).toEqual([sha256Of(provider?.client ?? '')]);
    expect(vcenter.default).toBe('acme-kp');
    expect(service.keys.size).toBe(0);
    expect(vcenter.keys).toEqual([]);
  });

  it('registers the leaf that vCenter presents where its root CA is what is trusted elsewhere', async () => {
    await connect();
    const provider = vcenter.providers.get('acme-kp');
    if (provider !== undefined) provider.client = pems.others[0]?.pem ?? '';
    await connect({ ...WISH, trust: 'root-ca' });
    expect(service.registered.map(({ pem }) => pem)).toContain(pems.others[0]?.pem);
    await expect(connect({ ...WISH, provider: 'new-kp', trust: 'root-ca' })).rejects.toThrow('--trust self-signed');
  });

  it.each(TRUST_WAYS)('changes nothing a second time (%s)', async (trust) => {
    await connect({ ...WISH, trust: trust === 'root-ca' ? 'self-signed' : trust });
    const before = [vcenter.snapshot(), service.snapshot()];
    expect(outcomes(await connect({ ...WISH, trust }))).toEqual(['already']);
    expect([vcenter.snapshot(), service.snapshot()]).toEqual(before);
  });

  it('does nothing in a dry run, and names what it would do', async () => {
    const before = [vcenter.snapshot(), service.snapshot()];
    expect(outcomes(await connect(WISH, true))).toEqual(['would_do', 'already']);
    expect([vcenter.snapshot(), service.snapshot()]).toEqual(before);
  });

  describe.each(TRUST_WAYS.filter((way) => way !== 'root-ca'))('undone, by %s', (trust) => {
    const wish = { ...WISH, trust };
    // The last one is for what other runs left.
    const count = connectSteps([{} as ServedEndpoint, {} as ServedEndpoint], wish).length - 1;

    it.each(Array.from({ length: count }, (_, index) => index))(
      'leaves nothing when step %i fails at its end',
      async (at) => {
        const before = [vcenter.snapshot(), service.snapshot()];
        const steps: readonly Step<ConnectWorld>[] = connectSteps(endpoints, wish).map((step, index) => ({
          ...step,
          do: async (each) => {
            await step.do(each);
            if (index === at) throw new Error('cut');
          },
        }));
        world = await newWorld(wish);
        const failure = await carryOut(steps, world).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(StepFailure);
        expect((failure as StepFailure).remaining).toEqual([]);
        expect([vcenter.snapshot(), service.snapshot()]).toEqual(before);
        expect(kept.kept).toEqual([]);
      },
    );
  });

  it.each(['self-signed', 'pair'] as const)(
    'is as if it had never been killed by a second run, wherever it was (%s)',
    async (trust) => {
      const wish = { ...WISH, trust };
      // Each request and each note is a place to be killed before it and one after it; until a run gets through.
      for (let place = 0, through = false; !through; place++) {
        [kept, vcenter, service] = fresh();
        let left = place;
        // Who is dead takes nothing back.
        const kill = (): void => {
          if (left-- <= 0) throw new Error('killed');
        };
        world = await newWorld(wish);
        vcenter.cut = kill;
        const dying = { ...world, service: cutBy(kill, service), notes: cutBy(kill, kept) };
        through = await carryOut(connectSteps(endpoints, wish), dying).then(
          () => true,
          () => false,
        );
        vcenter.cut = () => undefined;
        notes.splice(0);
        await connect(wish);
        expect(service.registered.map(({ sha256 }) => sha256)).toEqual([
          sha256Of(vcenter.providers.get('acme-kp')?.client ?? ''),
        ]);
        expect([service.keys.size, kept.kept]).toEqual([0, []]);
        // A password cannot be found again: it is told of.
        const told = notes.some((note) => note.includes('kmip4v kmip-credential list'));
        expect(service.issued.length).toBe(told ? 2 : 1);
      }
      expect(outcomes(await connect(wish))).toEqual(['already']);
    },
  );

  it.each(['RegisterKmipServer', 'UploadKmipServerCert', 'UpdateSelfSignedClientCert', 'GenerateKey', 'MarkDefault'])(
    'leaves nothing when vCenter refuses %s',
    async (method) => {
      const before = [vcenter.snapshot(), service.snapshot()];
      vcenter.refused.set(method, { _typeName: 'SystemError', reason: 'broken', faultstring: 'A general error' });
      await expect(connect()).rejects.toThrow(`CryptoManagerKmip.${method}`);
      expect([vcenter.snapshot(), service.snapshot()]).toEqual(before);
    },
  );

  it('says what it could not take back', async () => {
    vcenter.refused.set('MarkDefault', { _typeName: 'SystemError', faultstring: '' });
    vcenter.refused.set('RemoveKmipServer', { _typeName: 'SystemError', faultstring: '' });
    const failure = (await connect().catch((error: unknown) => error)) as StepFailure;
    expect(failure.remaining.map(({ what }) => what)).toEqual([
      'kmip-2.example.com:5696 is a server of the key provider',
      'kmip-1.example.com:5696 is a server of the key provider',
    ]);
    expect(service.registered).toEqual([]);
  });

  it('goes on where a run was cut off after the certificate was registered', async () => {
    vcenter.refused.set('UpdateSelfSignedClientCert', { _typeName: 'SystemError', faultstring: '' });
    const steps = connectSteps(endpoints, WISH).map(({ what, isDone, do: perform }) => ({ what, isDone, do: perform }));
    await expect(carryOut(steps, await newWorld(WISH))).rejects.toThrow(StepFailure);
    vcenter.refused.clear();
    await connect();
    expect(service.registered).toHaveLength(1);
  });

  it('makes a certificate where that of vCenter has expired', async () => {
    await connect({ ...WISH, credential: false });
    const provider = vcenter.providers.get('acme-kp');
    if (provider !== undefined) provider.client = pems.expired;
    await connect();
    expect(provider?.client).not.toBe(pems.expired);
  });

  it('trusts no other certificate than the one that the service presents', async () => {
    vcenter.presented.set('kmip-2.example.com:5696', pems.servers[0] ?? '');
    await expect(connect()).rejects.toThrow(/kmip-2.example.com:5696 vCenter meets another certificate/);
    expect(vcenter.calls.filter((call) => call === 'UploadKmipServerCert')).toHaveLength(1);
    expect(vcenter.providers.size).toBe(0);
  });

  it('says which endpoint vCenter cannot reach', async () => {
    vcenter.presented.delete('kmip-2.example.com:5696');
    await expect(connect()).rejects.toThrow(/vCenter cannot reach kmip-2.example.com:5696.*firewalls/);
  });

  it('says so when the test key is born in another instance', async () => {
    jest.spyOn(service, 'key').mockResolvedValue(undefined);
    await expect(connect({ ...WISH, credential: false })).rejects.toThrow('--credential');
  });

  it('moves a server entry whose endpoint has another address', async () => {
    await connect();
    endpoints = endpoints.map((endpoint, index) => (index === 1 ? { ...endpoint, port: 5697 } : endpoint));
    vcenter.presented.set('kmip-2.example.com:5697', pems.servers[1] ?? '');
    await connect();
    expect(vcenter.providers.get('acme-kp')?.servers.map(({ port }) => port)).toEqual([5696, 5697]);
  });

  it('asks for privileges first, and names each that is missing', async () => {
    vcenter.lacking = ['Cryptographer.ManageKeyServers', 'Cryptographer.ManageKeys'];
    const check = checkBeforeConnect(await vcenter.session(), await service.instance());
    await expect(check).rejects.toThrow(
      /ManageKeyServers on the vCenter.*ManageKeys on the vCenter.*Nothing was changed/,
    );
  });

  it('leaves providers alone that are none of KMIP, or make wrapped keys', () => {
    const provider = { clusterId: { id: 'p' }, useAsDefault: false };
    expect(() => demandStandardProvider({ ...provider, managementType: 'nativeProvider' })).toThrow('--provider');
    expect(() => demandStandardProvider({ ...provider, defaultKeyType: 'wrappedKey' })).toThrow('wrapped keys');
    expect(() => demandStandardProvider({ ...provider, managementType: 'vCenter' })).not.toThrow();
  });

  it('keeps the name of the provider that has our endpoints already', async () => {
    const instance = await service.instance();
    expect(providerNameFor(instance, [])).toBe('acme');
    await connect({ ...WISH, provider: 'older-name' });
    expect(providerNameFor(instance, await world.providers.list())).toBe('older-name');
  });
});
