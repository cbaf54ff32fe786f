import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { issueCertificateAuthority, issueClientCertificate, issueServerCertificate } from '@lib/pki';

import { clientOf, connect, type Target } from './target';

/** PyKMIP's own server with its defaults (SQLite file, TLS 1.2) on this machine, to be measured in the same run. */
export async function startPykmip(folder: string): Promise<Target & { stop(): Promise<void> }> {
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
  const child = spawn('/usr/bin/pykmip-server', ['-f', join(folder, 'server.conf'), '-l', join(folder, 'server.log')], {
    stdio: 'ignore',
  });
  const target: Target = {
    name: 'PyKMIP 0.10',
    ports: [port],
    client: clientOf(client.certificatePem, client.privateKeyPem.exposeText(), ca.certificatePem),
    processes: () => ({ server: child.pid ?? 0 }),
  };
  await answers(target, child);
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

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  await new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGKILL');
  });
}
