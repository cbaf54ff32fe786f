import { issueClientCertificate } from '@lib/pki';
import { KeyProviders } from '@lib/vi-json';

import { sha256Of } from '../../vcenter/certificates';
import { aConnectWorld } from '../../vcenter/connect/connect-world.fixture';
import { FakeService } from '../../vcenter/connect/fake-service.fixture';
import { FakeVCenter } from '../../vcenter/connect/fake-vcenter.fixture';
import { type ServedEndpoint, type ServerTrust } from '../../vcenter/kmip-service';
import { noteSeenByService } from './seen-by-service';

const LOOKS = 30;
const NAMES = ['kmip-1', 'kmip-2'] as const;
const WAITING: unknown = expect.stringMatching(/^Waiting until the service shows this vCenter .*\(30 s at most\)\.$/);

describe('waiting until the service shows what vCenter accepts', () => {
  let [ours, client] = ['', ''];
  let service: FakeService;
  let vcenter: FakeVCenter;
  let notes: string[];
  let shown: [number, number][];

  beforeAll(async () => {
    const issued = async (): Promise<string> =>
      (await issueClientCertificate('self-signed', { commonName: 'kmip', validDays: 60, keyKind: 'ec-p256' }))
        .certificatePem;
    [ours, client] = await Promise.all([issued(), issued()]);
  });

  beforeEach(async () => {
    [notes, shown] = [[], []];
    service = new FakeService(endpoints(), () => ({ pem: '', privateKeyPem: '' }));
    vcenter = new FakeVCenter(
      { selfSigned: () => '', signingRequest: '' },
      () => true,
      () => '',
    );
    const servers = NAMES.map((name) => ({ name, address: name, port: 5696 }));
    vcenter.providers.set('kp', { servers, trusted: new Set([ours]), client, pending: '' });
    for (const name of NAMES) vcenter.presented.set(`${name}:5696`, ours);
    await service.register('kp', client);
    // The stand-in is connected from its third look on.
    const providers = new KeyProviders(await vcenter.session());
    const info = await providers.find('kp');
    if (info !== undefined) await providers.status(info);
    vcenter.calls.length = 0;
  });

  const endpoints = (): readonly ServedEndpoint[] =>
    NAMES.map((name) => ({
      name,
      address: name,
      port: 5696,
      certificate: { pem: ours, sha256: sha256Of(ours), sha1: '', expiresAt: '' },
    }));
  const shows = (...states: readonly ServerTrust['state'][]): void => {
    const [known] = service.registered;
    service.registered[0] = {
      ...known!,
      serverTrust: states.map((state, index) => ({ endpoint: `kmip-${index + 1}`, state })),
    };
  };
  const wait = async (onPause: (times: number) => void = () => undefined): Promise<void> => {
    let times = 0;
    const world = aConnectWorld({
      providers: new KeyProviders(await vcenter.session()),
      service,
      endpoints: endpoints(),
      pause: () => {
        onPause(++times);
        return Promise.resolve();
      },
    });
    const progress = (): never =>
      ({ show: (done: number, total: number) => shown.push([done, total]), end: () => undefined }) as never;
    await noteSeenByService(world, { note: (text) => notes.push(text), progress });
  };

  it.each(['not_seen', 'trusted_former'] as const)('lasts as long as it is %s, and says so first', async (before) => {
    shows('trusts_present', before);
    await wait((times) => {
      expect(notes).toEqual([WAITING]);
      expect(notes[0]).toContain('at kmip-2 ');
      if (times === 12) shows('trusts_present', 'trusts_present');
    });
    expect(notes).toHaveLength(1);
    expect(shown).toEqual(Array.from({ length: 12 }, () => [1, 2]));
    // Had it been the first note that was lost, there is another one.
    expect(vcenter.calls.filter((name) => name === 'RetrieveKmipServersStatus_Task')).toHaveLength(13);
  });

  it('is no pause and no word where it does', async () => {
    shows('trusts_present', 'unknown');
    const paused = jest.fn();
    await wait(paused);
    expect([paused.mock.calls, notes]).toEqual([[], []]);
  });

  it('ends with a remark of each place where it never does', async () => {
    shows('not_seen', 'trusted_former');
    const paused = jest.fn();
    await wait(paused);
    expect(paused).toHaveBeenCalledTimes(LOOKS - 1);
    expect(notes).toEqual([
      WAITING,
      expect.stringMatching(/under a former server certificate at kmip-2: .*kmip4v vcenter status$/),
      expect.stringMatching(/does not show it yet at kmip-1\. .*kmip4v vcenter status$/),
    ]);
  });

  it('waits for no endpoint to which vCenter does not connect', async () => {
    shows('trusts_present', 'trusted_former');
    vcenter.presented.set('kmip-2:5696', client);
    await wait();
    expect(notes).toEqual([]);
  });

  it('ends with a remark where a look fails: what was done stays done', async () => {
    shows('not_seen', 'trusts_present');
    await wait(() => {
      service.certificates = () => Promise.reject(new Error('the service cannot be reached'));
    });
    expect(notes).toEqual([
      WAITING,
      'vCenter is connected, and whether the service shows it could not be found out: the service cannot be reached. ' +
        'Look again later: kmip4v vcenter status',
    ]);
  });
});
