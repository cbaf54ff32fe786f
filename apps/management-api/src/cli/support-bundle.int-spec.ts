import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureAuditKeyFile, readAuditKeyFile, rotateAuditKey } from '@lib/config';
import { systemClock } from '@lib/kernel';

import { type BundleSource, supportBundle } from './support-bundle';

describe('a support bundle', () => {
  let folder: string;
  let auditKeyFile: string;
  let server: Server;
  let metrics = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bundle-'));
    auditKeyFile = join(folder, 'audit-keys');
    await ensureAuditKeyFile(auditKeyFile, systemClock.now());
    await rotateAuditKey(auditKeyFile, systemClock.now());
    server = createServer((_request, response) => response.end(metrics));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  /** Of a region nothing of which answers: what is left are the processes. */
  const source = (): BundleSource => ({
    region: {} as BundleSource['region'],
    clock: systemClock,
    environment: {},
    serviceKeyFile: join(folder, 'service-keys'),
    auditKeyFile,
    healthPorts: [`127.0.0.1:${String((server.address() as AddressInfo).port)}`],
  });

  it.each(['the one that signs', 'its successor'])('is withheld when it holds an audit key: %s', async (which) => {
    const keys = await readAuditKeyFile(auditKeyFile);
    const { privateKey, publicKey } = keys[which === 'its successor' ? 1 : 0]!;
    const seed = Buffer.from(privateKey!.export({ format: 'jwk' }).d!, 'base64url');
    const pem = privateKey!.export({ format: 'pem', type: 'pkcs8' });
    for (const form of [seed.toString('base64'), seed.toString('base64url'), seed.toString('hex'), pem]) {
      metrics = `kmip_up 1\nleaked{value="${String(form)}"} 1\n`;
      await expect(supportBundle(source())).rejects.toMatchObject({ code: 'support_bundle_withheld' });
    }
    // The public half is no secret.
    metrics = `kmip_up{key="${String(publicKey.export({ format: 'jwk' }).x)}"} 1`;
    expect(await supportBundle(source())).toMatchObject({ processes: [{ metrics: [metrics] }] });
  });
});
