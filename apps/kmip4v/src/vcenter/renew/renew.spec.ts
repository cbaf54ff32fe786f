import { issueClientCertificate } from '@lib/pki';
import { KeyProviders } from '@lib/vi-json';

import { sha256Of } from '../certificates';
import { FakeService } from '../connect/fake-service.fixture';
import { FakeVCenter } from '../connect/fake-vcenter.fixture';
import { type LeavingCertificate } from '../pins';
import { carryOut, StepFailure } from '../plan/steps';
import { RENEWAL, type RenewWorld } from './renew';

const DAY_MS = 86_400_000;

describe('renewing the client certificate of vCenter', () => {
  const pems: string[] = [];
  let service: FakeService;
  let vcenter: FakeVCenter;
  let leaving: readonly LeavingCertificate[] = [];
  let now = new Date();

  beforeAll(async () => {
    for (let index = 0; index < 3; index++) {
      const names = { commonName: `kmipClient${index}`, validDays: 10, keyKind: 'ec-p256' } as const;
      pems.push((await issueClientCertificate('self-signed', names)).certificatePem);
    }
  });

  beforeEach(async () => {
    now = new Date();
    leaving = [];
    let made = 0;
    service = new FakeService([], () => ({ pem: '', privateKeyPem: '' }));
    vcenter = new FakeVCenter(
      { selfSigned: () => pems[1 + (made++ % 2)] ?? '', signingRequest: '' },
      (sha256) => service.registered.some((each) => each.sha256 === sha256),
      () => {
        service.makeKey('key');
        return 'key';
      },
    );
    const server = { name: 'kmip-1', address: 'a', port: 5696 };
    const provider = { servers: [server], trusted: new Set(['server']), client: pems[0] ?? '', pending: '' };
    vcenter.providers.set('kp', provider);
    vcenter.presented.set('a:5696', 'server');
    await service.register('kp-old', pems[0] ?? '');
  });

  const renew = async (beforeDays = 30): Promise<readonly string[]> => {
    const world: RenewWorld = {
      providers: new KeyProviders(await vcenter.session()),
      service,
      endpoints: [],
      wish: {
        provider: 'kp',
        trust: 'self-signed',
        credential: false,
        makeDefault: false,
        testAgain: false,
        waitMs: 5_000,
      },
      now: () => now,
      pause: () => Promise.resolve(),
      note: () => undefined,
      changed: false,
      madeProvider: false,
      beforeDays,
      leaving: () => Promise.resolve(leaving),
      setLeaving: (next) => {
        leaving = next;
        return Promise.resolve();
      },
    };
    return (await carryOut(RENEWAL, world)).map(({ outcome }) => outcome);
  };
  const registered = (): readonly string[] => service.registered.map(({ sha256 }) => sha256);
  const presented = (): string => sha256Of(vcenter.providers.get('kp')?.client ?? '');
  const of = (index: number): string => sha256Of(pems[index] ?? '');

  it('lets both in, and changes vCenter to the next', async () => {
    await renew();
    expect(registered()).toEqual([of(0), of(1)]);
    expect(presented()).toBe(of(1));
  });

  it('does nothing while enough days are left', async () => {
    await renew(5);
    expect(registered()).toEqual([of(0)]);
    expect(vcenter.calls).not.toContain('GenerateSelfSignedClientCert');
  });

  it('removes the old one when nobody has presented it for a week, and not the one in use', async () => {
    await renew();
    now = new Date(now.getTime() + 6 * DAY_MS);
    await renew(1);
    expect(registered()).toEqual([of(0), of(1)]);
    now = new Date(now.getTime() + DAY_MS);
    await renew(1);
    expect(registered()).toEqual([of(1)]);
    expect(leaving.map(({ sha256 }) => sha256)).toEqual([of(1)]);
  });

  it('keeps the old one while a host presents it still', async () => {
    await renew();
    const [old] = service.registered;
    now = new Date(now.getTime() + 8 * DAY_MS);
    const lastSeen = { at: new Date(now.getTime() - DAY_MS).toISOString(), endpoint: 'kmip-2' };
    service.registered[0] = { ...old!, lastSeen };
    await renew(1);
    expect(registered()).toEqual([of(0), of(1)]);
  });

  it('takes the next one back where vCenter refuses it, and what it presents is let in', async () => {
    vcenter.refused.set('UpdateSelfSignedClientCert', { _typeName: 'SystemError', faultstring: '' });
    await expect(renew()).rejects.toThrow(StepFailure);
    expect(registered()).toEqual([of(0)]);
    expect(presented()).toBe(of(0));
  });

  it('never takes away what vCenter presents, though a later step fails', async () => {
    vcenter.refused.set('GenerateKey', { _typeName: 'SystemError', faultstring: '' });
    await expect(renew()).rejects.toThrow(StepFailure);
    expect(presented()).toBe(of(1));
    expect(registered()).toContain(of(1));
  });

  it('goes on with the one that a run before has registered', async () => {
    const provider = vcenter.providers.get('kp');
    if (provider !== undefined) provider.pending = pems[2] ?? '';
    await service.register('kp-next', pems[2] ?? '');
    await renew();
    expect(presented()).toBe(of(2));
    expect(registered()).toEqual([of(0), of(2)]);
    expect(leaving.map(({ sha256 }) => sha256).toSorted()).toEqual([of(0), of(2)].toSorted());
  });
});
