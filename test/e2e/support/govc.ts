import { createServer, type Server } from 'node:http';
import { chmod, writeFile } from 'node:fs/promises';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';

import {
  cryptoKeyId,
  KEY_STATUS_BITS,
  KeyProviders,
  type KmipClusterInfo,
  reference,
  retrieveAll,
  type RetrievedObject,
  retrieveSome,
  ViFault,
  type ViSession,
} from '@lib/vi-json';

/** Options of the real one's commands, by govmomi's cli/kms, cli/object and cli/vsan: those with a value, and switches. */
const COMMANDS: Readonly<Record<string, { readonly values: readonly string[]; readonly switches: readonly string[] }>> =
  {
    'kms.add': { values: ['n', 'a', 'p'], switches: ['N', 'tpm'] },
    'kms.trust': { values: ['client-cert', 'client-key', 'server-cert'], switches: [] },
    'kms.default': { values: ['e'], switches: [] },
    'kms.ls': { values: [], switches: ['json'] },
    'kms.key.create': { values: [], switches: [] },
    'kms.key.info': { values: ['p'], switches: ['json', 'a', 'vms', 'hosts', 'other'] },
    'vsan.info': { values: ['dc'], switches: ['json'] },
    collect: { values: ['type', 'd', 'n', 'wait', 'R'], switches: ['json', 's', 'o', 'O'] },
  };

interface Given {
  readonly command: string;
  readonly options: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

const VSAN_TYPE = 'VsanVcClusterConfigSystem';
const VSAN_SYSTEM = reference(VSAN_TYPE, 'vsan-cluster-config-system');

class Refused extends Error {}

const isOption = (word: string | undefined): boolean => word !== '-' && word?.startsWith('-') === true;

/** As Go's flag package reads a command line: options end at the first word. */
function read([command = '', ...rest]: readonly string[]): Given {
  const known = COMMANDS[command];
  if (known === undefined) throw new Refused(`command "${command}" not found`);
  const options = new Map<string, string>();
  while (isOption(rest[0])) {
    const [name = '', value] = (rest.shift() ?? '').replace(/^--?/, '').split(/=(.*)/s);
    const isSwitch = known.switches.includes(name);
    if (!isSwitch && !known.values.includes(name)) throw new Refused(`flag provided but not defined: -${name}`);
    options.set(name, value ?? (isSwitch ? 'true' : (rest.shift() ?? '')));
  }
  return { command, options, words: rest };
}

/**
 * A `govc` in a folder, for scripts of others: it takes what the real one takes, shows what that shows, and does it in
 * this process, at the stand-in vCenter.
 */
export class StandInGovc {
  private constructor(private readonly server: Server) {}

  static async in(folder: string, session: ViSession): Promise<StandInGovc> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const words = JSON.parse(Buffer.concat(chunks).toString()) as string[];
        void answer(session, words).then((result) => response.end(JSON.stringify(result)));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const file = join(folder, 'govc');
    await writeFile(file, PROGRAM.replace('PORT', String(port)));
    await chmod(file, 0o755);
    return new StandInGovc(server);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const PROGRAM = `#!/usr/bin/env node
fetch('http://127.0.0.1:PORT', { method: 'POST', body: JSON.stringify(process.argv.slice(2)) })
  .then((response) => response.json())
  .then(({ stdout, stderr, status }) => {
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = status;
  });
`;

async function answer(
  session: ViSession,
  words: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string; readonly status: number }> {
  try {
    return { stdout: await carriedOut(session, read(words)), stderr: '', status: 0 };
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof ViFault)) throw error;
    return { stdout: '', stderr: `govc: ${error.message}\n`, status: 1 };
  }
}

async function carriedOut(session: ViSession, { command, options, words }: Given): Promise<string> {
  const providers = new KeyProviders(session);
  const [provider = ''] = words;
  const option = (name: string): string => options.get(name) ?? '';
  switch (command) {
    case 'kms.add': {
      const server = { name: option('n'), address: option('a'), port: Number(options.get('p') ?? 5696) };
      await providers.registerServer(provider, server);
      return '';
    }
    case 'kms.trust':
      if (options.has('client-cert')) {
        await providers.usePair(provider, option('client-cert'), option('client-key'));
      }
      if (options.has('server-cert')) await providers.trustServerCertificate(provider, option('server-cert'));
      return '';
    case 'kms.default':
      await providers.setDefault(provider);
      return '';
    case 'kms.ls':
      return json(await listed(providers, provider));
    case 'kms.key.create':
      return `${(await providers.generateKey(provider)).keyId}\n`;
    case 'kms.key.info': {
      const keys = words.map((id) => cryptoKeyId(id, option('p')));
      const found = await providers.keyStatus(keys, KEY_STATUS_BITS.available);
      return found
        .map((key) => `${option('p')}  ${key.keyId.keyId}  ${key.keyAvailable ?? '-'}  ${key.reason ?? ''}\n`)
        .join('');
    }
    case 'vsan.info':
      return json({ clusters: await vsanClusters(session) });
    default:
      return await collected(session, option('type'), words);
  }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

async function listed(providers: KeyProviders, provider: string): Promise<{ info: KmipClusterInfo; status: unknown }> {
  const info = await providers.find(provider);
  if (info === undefined) throw new Refused('invalid cluster ID');
  return { info, status: await providers.status(info) };
}

/** The types of vSAN have no names for JSON in the real one: their members are written as in Go. */
async function vsanClusters(session: ViSession): Promise<readonly object[]> {
  const clusters: object[] = [];
  for (const found of await retrieveAll(session, { ClusterComputeResource: ['name'] })) {
    const config = await session.call(VSAN_SYSTEM, VSAN_TYPE, 'VsanClusterGetConfig', { cluster: found.ref });
    const { encryptionEnabled, kmsProviderId, kekId = '', hostKeyId = '' } = config?.dataEncryptionConfig ?? {};
    const encryption = {
      EncryptionEnabled: encryptionEnabled ?? false,
      KmsProviderId: kmsProviderId === undefined ? null : { id: kmsProviderId.id },
      KekId: kekId,
      HostKeyId: hostKeyId,
    };
    clusters.push({
      path: `/Datacenter/host/${String(found.get('name'))}`,
      info: { enabled: true, DataEncryptionConfig: config?.dataEncryptionConfig === undefined ? null : encryption },
    });
  }
  return clusters;
}

const KINDS: Readonly<Record<string, string>> = { m: 'VirtualMachine', h: 'HostSystem' };

/** Updates one after the other; without a type, the changes alone. */
async function collected(
  session: ViSession,
  kind: string,
  [object = '', ...properties]: readonly string[],
): Promise<string> {
  if (kind !== '') {
    const type = KINDS[kind] ?? kind;
    const found = await retrieveAll(session, { [type]: properties });
    return found.map((each) => json({ kind: 'enter', obj: each.ref, changeSet: changes(each, properties) })).join('');
  }
  const [type = '', value = ''] = object.split(':');
  const one = reference(type, value);
  const found = await retrieveSome(session, [one], { [type]: properties });
  return found.map((each) => json(changes(each, properties))).join('');
}

/** Whether texts stand in a box depends on the encoder of the real one's version: those of machines do here. */
function changes(object: RetrievedObject, properties: readonly string[]): readonly object[] {
  const boxed = (value: unknown): unknown =>
    typeof value === 'string' && object.ref.type === 'VirtualMachine' ? { _typeName: 'string', _value: value } : value;
  return properties
    .filter((name) => object.get(name) !== undefined)
    .map((name) => ({ name, op: 'assign', val: boxed(object.get(name)) }));
}
