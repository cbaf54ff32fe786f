import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { issueCertificateAuthority, issueClientCertificate, issueServerCertificate } from '@lib/pki';

import { pykmipMissing } from '../../interop/support/pykmip';
import { clientOf, connect, type Target } from './target';

/** This machine does not have it. */
export class Missing extends Error {}

/** As Debian's python3-pykmip installs it. */
const PYKMIP_SERVER = '/usr/bin/pykmip-server';

/**
 * PyKMIP's own server with its defaults (SQLite file, TLS 1.2) on this machine, to be measured in the same run.
 * @throws Missing
 */
export async function startPykmip(folder: string): Promise<Target & { stop(): Promise<void> }> {
  const missing = existsSync(PYKMIP_SERVER) ? await pykmipMissing() : `${PYKMIP_SERVER} is missing`;
  if (missing !== undefined) throw new Missing(missing);
  await mkdir(join(folder, 'policy'), { recursive: true });
  const ca = await issueCertificateAuthority({ commonName: 'bench CA', validDays: 2 });
  const server = await issueServerCertificate(ca, {
    commonName: 'localhost',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    validDays: 2,
  });
  const client = await issueClientCertificate(ca, { commonName: 'bench', validDays: 2, extendedKeyUsage: true });
  const files = {
    ca: ca.certificatePem,
    server: server.certificatePem,
    key: server.privateKeyPem.exposeText(),
  };
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, `${name}.pem`), content, { mode: 0o600 });
  const port = await freePort();
  await writeFile(join(folder, 'server.conf'), configuration(folder, port));
  const child = spawn(PYKMIP_SERVER, ['-f', join(folder, 'server.conf'), '-l', join(folder, 'server.log')], {
    stdio: 'ignore',
    // A group of its own: it starts processes that outlive it.
    detached: true,
  });
  const target: Target = {
    name: 'PyKMIP 0.10',
    ports: [port],
    client: clientOf(client.certificatePem, client.privateKeyPem.exposeText(), ca.certificatePem),
    processes: () => ({ server: child.pid ?? 0 }),
  };
  try {
    await answers(target, child);
  } catch (error) {
    await end(child);
    throw error;
  }
  return { ...target, stop: () => end(child) };
}

const configuration = (folder: string, port: number): string => `[server]
hostname=127.0.0.1
port=${port}
certificate_path=${folder}/server.pem
key_path=${folder}/key.pem
ca_path=${folder}/ca.pem
auth_suite=TLS1.2
policy_path=${folder}/policy
enable_tls_client_auth=True
logging_level=ERROR
database_path=${folder}/pykmip.db
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(target: Target, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (child.exitCode !== null) throw new Error('pykmip-server ended; see its log');
    try {
      await (await connect(target, 0)).close();
      return;
    } catch {
      await delay(100);
    }
  }
  throw new Error('pykmip-server did not answer');
}

/** With the two helpers that it starts for its policies. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  await ended;
}
