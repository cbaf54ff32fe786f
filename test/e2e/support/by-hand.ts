import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { issueServerCertificate, readCertificateAuthority } from '@lib/pki';
import { reference, taskResult, type ViSession } from '@lib/vi-json';

import { type Desk, PROVIDER } from './desk';
import { until } from './running-service';

type Act = (desk: Desk) => Promise<void>;

/** What pages say to do in the vSphere Client (`<!-- by hand: … -->`), by the calls of vCenter's API behind the clicks. */
export const HANDS: Readonly<Record<string, Act>> = {
  'add the provider': addProvider,
  'choose vCenter Certificate': async (desk) => {
    await desk.write('vcenter.pem', await desk.presentNew(PROVIDER));
  },
  'make a signing request': async (desk) => {
    await desk.write('vcenter.csr', await desk.providers.newSigningRequest(PROVIDER));
  },
  'upload the signed certificate': async (desk) => {
    await desk.providers.useSigned(PROVIDER, await desk.read('vcenter-signed.pem'));
  },
  'upload certificate and private key': async (desk) => {
    await desk.providers.usePair(PROVIDER, await desk.read('vcenter-pair.pem'), await desk.read('vcenter.key'));
  },
  // A provider that is new presents what vCenter's own authority has signed.
  'choose the root CA': addProvider,
  'make it the default': (desk) => desk.providers.makeDefault(PROVIDER),
  'trust the renewed certificate': async (desk) => {
    const info = await desk.providers.find(PROVIDER);
    for (const server of info?.servers ?? []) {
      const shown = await desk.providers.serverCertificate(PROVIDER, server);
      if (shown !== undefined) await desk.providers.trustServerCertificate(PROVIDER, shown.certificate);
    }
  },
  're-key a machine': async (desk) => {
    const machine = desk.machines.find(({ home, power }) => home !== undefined && power === 'poweredOn');
    const key = await desk.providers.generateKey(PROVIDER);
    const crypto = { _typeName: 'CryptoSpecShallowRecrypt', newKeyId: key } as const;
    const spec = { _typeName: 'VirtualMachineConfigSpec', crypto, deviceChange: [] } as const;
    const vm = reference('VirtualMachine', machine?.id ?? '');
    await taskResult(desk.session, await desk.session.call(vm, 'VirtualMachine', 'ReconfigVM_Task', { spec }));
  },
  'encrypt the vSAN clusters': async (desk) => {
    await desk.connect(PROVIDER);
    await newKeysOfVsan(desk, PROVIDER);
  },
  'generate new keys of vSAN': (desk) => newKeysOfVsan(desk, PROVIDER),
  'give vSAN another key provider': async (desk) => {
    const other = (await desk.providers.list()).find(({ useAsDefault }) => useAsDefault);
    await newKeysOfVsan(desk, other?.clusterId.id ?? PROVIDER);
  },
  'unlock the machine': async (desk) => {
    for (const { id, home } of desk.machines) {
      if (home !== undefined) await unlock(desk.session, id);
    }
  },
  'remove the old key provider': async (desk) => {
    const old = await desk.providers.find('ibm');
    for (const { name } of old?.servers ?? []) await desk.providers.removeServer('ibm', name);
    await desk.providers.unregister('ibm');
    const { sealed, opened } = await desk.vcenter.admin<{ sealed: number; opened: number }>('POST', '/inventory/prove');
    if (opened !== sealed) throw new Error(`${sealed - opened} of ${sealed} things do not open any more`);
  },
};

/** What pages take for granted (`<!-- given: … -->`). */
export const SCENES: Readonly<Record<string, Act>> = {
  'npm start': async (desk) => {
    const { adminUrl } = desk.vcenter.vcenter;
    await mkdir(join(desk.folder, '.data'));
    await desk.write('.data/connection.json', JSON.stringify({ vcenter: { adminUrl } }));
  },
  'encrypted machines': async (desk) => {
    if ((await desk.providers.find(PROVIDER)) === undefined) await desk.encrypt(PROVIDER);
    else await desk.vcenter.admin('POST', '/inventory/encrypt', { provider: PROVIDER });
  },
  'a vCenter whose keys are of the provider ibm': (desk) => desk.encrypt('ibm'),
  'machines with changed-block tracking are powered off': async (desk) => {
    for (const { id } of desk.machines.filter(({ changeTracking }) => changeTracking)) {
      const vm = reference('VirtualMachine', id);
      const task = await desk.session.call(vm, 'VirtualMachine', 'PowerOffVM_Task', undefined);
      await taskResult(desk.session, task);
    }
  },
  'the hosts were rebooted': (desk) => desk.rebootHosts(),
  'the key of web-0001 is suspended, and the hosts were rebooted': async (desk) => {
    await desk.setSuspended('web-0001', true);
    await desk.rebootHosts();
  },
  'vCenter does not let vSAN be read': async (desk) => {
    const effect = { kind: 'fault', fault: 'NotSupported', message: 'The operation is not supported on the object.' };
    await desk.vcenter.admin('POST', '/faults', { match: { method: 'VsanClusterGetConfig' }, effect });
  },
  'vsan.json, as vsan.ps1 writes it': async (desk) => {
    const clusters = [...desk.vcenter.vcenter.center.store.list('cluster')].map(({ name, vsanEncryption }) => {
      if (vsanEncryption === undefined) return { cluster: name, encrypted: false };
      const { providerId: provider, kekId, hostKeyId } = vsanEncryption;
      return { cluster: name, encrypted: true, provider, kekId, hostKeyId };
    });
    await desk.write('vsan.json', JSON.stringify(clusters));
  },
  'vCenter has presented an older certificate today': async (desk) => {
    await desk.presentNew(PROVIDER, 'vcenter-old');
    const info = await desk.providers.find(PROVIDER);
    if (info !== undefined) await desk.providers.status(info);
    await until('the service has noted it', 60_000, () => desk.wasSeen('vcenter-old'));
    await desk.presentNew(PROVIDER, 'vcenter-new');
  },
  'vCenter presents a certificate that is not let in': async (desk) => {
    await desk.presentNew(PROVIDER);
  },
  'a vCenter that is connected': (desk) => desk.connect(PROVIDER),
  'the operator has announced the next server certificate': async (desk) => {
    await prepareServerCertificate(desk);
    await until('the service announces it', 30_000, async () => (await desk.announcedFingerprint()) !== undefined);
  },
  'the operator has renewed the server certificate': async (desk) => {
    const { service } = desk;
    const folder = join(service.dataFolder, 'tls');
    const before = await desk.shownFingerprint();
    const next = nextServerCertificate(desk);
    if (!existsSync(next.certificate)) await prepareServerCertificate(desk);
    await rename(next.certificate, join(folder, 'server.crt'));
    await rename(next.privateKey, join(folder, 'server.key'));
    const { processes } = service.connection;
    for (const [name, pid] of Object.entries(processes)) {
      if (name.startsWith('kmip-gateway-')) process.kill(pid, 'SIGHUP');
    }
    await until('both endpoints present the renewed certificate', 30_000, async () => {
      const presented = await Promise.all([0, 1].map((endpoint) => presentedBy(service, endpoint)));
      return presented.every((sha256) => sha256 !== before);
    });
    await until('the service shows it', 30_000, async () => (await desk.shownFingerprint()) !== before);
  },
};

async function addProvider(desk: Desk): Promise<void> {
  const known = await desk.providers.find(PROVIDER);
  for (const { name } of known?.servers ?? []) await desk.providers.removeServer(PROVIDER, name);
  if (known !== undefined) await desk.providers.unregister(PROVIDER);
  await desk.addProvider(PROVIDER);
}

/** Where the launcher has the management API look for what is announced, and its key beside it. */
const nextServerCertificate = ({ service }: Desk) => ({
  certificate: join(service.dataFolder, 'next-server.crt'),
  privateKey: join(service.dataFolder, 'next-server.key'),
});

async function prepareServerCertificate(desk: Desk): Promise<void> {
  const names = { commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], validDays: 825 };
  const ca = await readCertificateAuthority(join(desk.service.dataFolder, 'tls'));
  const { certificatePem, privateKeyPem } = await issueServerCertificate(ca, names);
  const next = nextServerCertificate(desk);
  await writeFile(next.privateKey, privateKeyPem.expose(), { mode: 0o600 });
  await writeFile(next.certificate, certificatePem);
}

async function presentedBy(service: Desk['service'], endpoint: number): Promise<string> {
  const client = await service.kmip(endpoint);
  await client.close();
  return client.session.serverSha256;
}

async function newKeysOfVsan({ vcenter }: Desk, id: string): Promise<void> {
  const { center } = vcenter.vcenter;
  for (const cluster of center.store.list('cluster')) {
    if (cluster.vsan) await center.vsan.rekey(cluster.id, center.providers.get(id, 'clusterId'), 'shallow');
  }
}

async function unlock(session: ViSession, id: string): Promise<void> {
  const vm = reference('VirtualMachine', id);
  await taskResult(session, await session.call(vm, 'VirtualMachine', 'CryptoUnlock_Task', undefined));
}
