import { issueClientCertificate } from '@lib/pki';
import { KeyProviders } from '@lib/vi-json';

import { sha256Of } from '../certificates';
import { aConnectWorld } from '../connect/connect-world.fixture';
import { cutBy, FakeNotes, FakeService } from '../connect/fake-service.fixture';
import { FakeVCenter } from '../connect/fake-vcenter.fixture';
import { type LeavingCertificate } from '../known-vcenter';
import { carryOut, StepFailure } from '../plan/steps';
import { type ServedEndpoint } from '../kmip-service';
import { renewalSteps, type RenewWorld } from './renew';

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

  const worldOf = async (beforeDays = 30, endpoints: readonly ServedEndpoint[] = []): Promise<RenewWorld> => {
    return {
      ...aConnectWorld({ providers: new KeyProviders(await vcenter.session()), service, endpoints, now: () => now }),
      beforeDays,
      leaving: () => Promise.resolve(leaving),
      setLeaving: (next) => {
        leaving = next;
        return Promise.resolve();
      },
    };
  };
  const renew = async (beforeDays?: number): Promise<readonly string[]> =>
    (await carryOut(renewalSteps([]), await worldOf(beforeDays))).map(({ outcome }) => outcome);
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

  describe.each(['self-signed', 'pair'] as const)('that was killed (%s)', (trust) => {
    const two = ['kmip-1', 'kmip-2'] as const;
    let [ours, next]: [string[], string[]] = [[], []];
    let notes: FakeNotes;

    beforeAll(async () => {
      const issued = async (validDays: number): Promise<string> =>
        (await issueClientCertificate('self-signed', { commonName: 'kmip', validDays, keyKind: 'ec-p256' }))
          .certificatePem;
      ours = await Promise.all([issued(60), issued(60), issued(60)]);
      next = await Promise.all([issued(60), issued(60), issued(60)]);
    });

    const endpoints = (): readonly ServedEndpoint[] =>
      two.map((name, index) => {
        const pem = ours[index + 1] ?? '';
        return {
          name,
          address: name,
          port: 5696,
          certificate: { pem, sha256: sha256Of(pem), sha1: '', expiresAt: '' },
        };
      });

    /** What vCenter presents has 10 days left, and both endpoints present others than it trusts. */
    async function begin(): Promise<void> {
      let made = 0;
      const issue = (): string => next[made++ % 3] ?? '';
      now = new Date();
      [leaving, notes] = [[], new FakeNotes()];
      service = new FakeService(endpoints(), () => ({ pem: issue(), privateKeyPem: 'key' }));
      const isLetIn = (sha256: string): boolean => service.registered.some((each) => each.sha256 === sha256);
      vcenter = new FakeVCenter({ selfSigned: issue, signingRequest: 'csr' }, isLetIn, (attributes) => {
        service.makeKey('key', attributes);
        return 'key';
      });
      const servers = two.map((name) => ({ name, address: name, port: 5696 }));
      const provider = { servers, trusted: new Set([ours[0] ?? '']), client: pems[0] ?? '', pending: '' };
      vcenter.providers.set('kp', provider);
      for (const { address, certificate } of endpoints())
        vcenter.presented.set(`${address}:5696`, certificate?.pem ?? '');
      await service.register('kp-old', pems[0] ?? '');
    }
    async function world(): Promise<RenewWorld> {
      const made = await worldOf(20, endpoints());
      return { ...made, notes, wish: { ...made.wish, trust } };
    }
    const run = async (): Promise<unknown> => await carryOut(renewalSteps(endpoints()), await world());

    it('ends as if it had not been, by a second run, wherever it was', async () => {
      let places = 0;
      // Each request and each note; after one is the same place as before the next.
      for (let through = false; !through; places += 2) {
        await begin();
        let left = places;
        // Who is dead takes nothing back.
        const kill = (): void => {
          if (left-- <= 0) throw new Error('killed');
        };
        const alive = await world();
        const { leaving: read, setLeaving: write } = alive;
        const disk = cutBy(kill, { leaving: read, setLeaving: write });
        vcenter.cut = kill;
        const mortal = {
          ...alive,
          leaving: () => disk.leaving(),
          setLeaving: (each: readonly LeavingCertificate[]) => disk.setLeaving(each),
          service: cutBy(kill, service),
          notes: cutBy(kill, notes),
        };
        through = await carryOut(renewalSteps(endpoints()), mortal).then(
          () => true,
          () => false,
        );
        vcenter.cut = () => undefined;
        await run();
        expect(next.map(sha256Of)).toContain(presented());
        expect(registered().toSorted()).toEqual([of(0), presented()].toSorted());
        expect(vcenter.providers.get('kp')?.trusted).toEqual(new Set(ours));
        expect([service.keys.size, notes.kept]).toEqual([0, []]);
        now = new Date(now.getTime() + 8 * DAY_MS);
        await run();
        expect(registered()).toEqual([presented()]);
      }
      expect(places).toBeGreaterThan(20);
    });
  });

  describe('trusts a renewed certificate of the service', () => {
    const [former, next, others] = [0, 1, 2] as const;
    const endpoint = (name: string, has: number | undefined): ServedEndpoint => {
      const pem = pems[has ?? 0] ?? '';
      const certificate = { pem, sha256: sha256Of(pem), sha1: '', expiresAt: '' };
      return { name, address: name, port: 5696, ...(has !== undefined && { certificate }) };
    };
    const presents = (name: string, which: number): void => {
      vcenter.presented.set(`${name}:5696`, pems[which] ?? '');
    };
    const trusted = (): ReadonlySet<string> => vcenter.providers.get('kp')?.trusted ?? new Set();
    const trust = async (...endpoints: readonly ServedEndpoint[]) =>
      (await carryOut(renewalSteps(endpoints), await worldOf(1, endpoints)))
        .filter(({ what }) => what.startsWith('vCenter trusts'))
        .map(({ outcome }) => outcome);

    beforeEach(() => {
      const servers = ['kmip-1', 'kmip-2'].map((name) => ({ name, address: name, port: 5696 }));
      const provider = { servers, trusted: new Set([pems[former] ?? '']), client: pems[0] ?? '', pending: '' };
      vcenter.providers.set('kp', provider);
      presents('kmip-1', former);
      presents('kmip-2', former);
    });

    it('at the endpoint that has it, and leaves the other as it is', async () => {
      presents('kmip-1', next);
      expect(await trust(endpoint('kmip-1', next), endpoint('kmip-2', former))).toEqual(['done', 'already']);
      expect(trusted()).toEqual(new Set([pems[former], pems[next]]));
    });

    it('one after the other where both have it: connected to the first before the second is touched', async () => {
      presents('kmip-1', next);
      presents('kmip-2', others);
      expect(await trust(endpoint('kmip-1', next), endpoint('kmip-2', others))).toEqual(['done', 'done']);
      const steps = vcenter.calls.filter((name) => /UploadKmipServerCert|KmipServersStatus/.test(name));
      expect(steps[0]).toBe('UploadKmipServerCert');
      expect(steps.slice(steps.indexOf('RetrieveKmipServersStatus_Task'))).toContain('UploadKmipServerCert');
    });

    it('that the service announces, where an endpoint presents it before the service says so', async () => {
      const { certificate } = endpoint('kmip-1', next);
      const announced = { ...endpoint('kmip-1', former), next: certificate! };
      expect(await trust(announced, endpoint('kmip-2', former))).toEqual(['already', 'already']);
      expect(trusted()).toEqual(new Set([pems[former]]));
      presents('kmip-1', next);
      expect(await trust(announced, endpoint('kmip-2', former))).toEqual(['done', 'already']);
      presents('kmip-1', others);
      await expect(trust(announced, endpoint('kmip-2', former))).rejects.toThrow('nothing was trusted');
    });

    it('and never one that the service does not have', async () => {
      presents('kmip-1', others);
      await expect(trust(endpoint('kmip-1', next), endpoint('kmip-2', former))).rejects.toThrow('nothing was trusted');
      expect(trusted()).toEqual(new Set([pems[former]]));
    });

    it('nor one with which there is nothing to compare', async () => {
      const unknown = [endpoint('kmip-1', undefined), endpoint('kmip-2', undefined)];
      expect(await trust(...unknown)).toEqual(['already', 'already']);
      presents('kmip-1', next);
      await expect(trust(...unknown)).rejects.toThrow('--server-fingerprint');
      expect(trusted()).toEqual(new Set([pems[former]]));
    });
  });
});
