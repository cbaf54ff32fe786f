import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createLogger, LogDestination, Metrics } from '@lib/observability';
import { itWithSmallDisk, smallDisk } from '@lib/testing';

import { ServerCertificate } from './server-certificate';

describe('the copy of the server certificate', () => {
  let root: string;
  let log: string;

  beforeEach(async () => {
    log = '';
    root = await mkdtemp(join(tmpdir(), 'kmip-copy-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  function certificate(copy: string): ServerCertificate {
    const destination = new LogDestination((text, done) => {
      log += text;
      done();
    });
    const logger = createLogger({ level: 'info', name: 'test', destination });
    const options = { folder: join(root, 'tls'), hostNames: ['localhost'], logger, metrics: new Metrics() };
    return new ServerCertificate({ ...options, copy });
  }

  it('is the certificate without its key, readable for the other user, and alone in its folder', async () => {
    const public_ = join(root, 'public');
    await mkdir(public_);
    const presented = await certificate(join(public_, 'server.crt')).load();
    const copy = await readFile(join(public_, 'server.crt'), 'utf8');
    expect(copy).toBe(presented.certificatePem);
    expect(copy).not.toContain('PRIVATE KEY');
    expect(await readdir(public_)).toEqual(['server.crt']);
  });

  itWithSmallDisk('that cannot be written keeps no client out, and leaves nothing half', async () => {
    const full = join(root, 'full');
    await mkdir(full);
    await chmod(full, 0o755);
    const disk = smallDisk(full);
    try {
      disk.fill();
      expect(await certificate(disk.file('server.crt')).load()).toHaveProperty('certificatePem');
      expect(await readdir(full)).toEqual(['filler']);
      expect(log).toContain('KMIP_CERTIFICATE_COPY cannot be written');
    } finally {
      disk.unmount();
    }
  });
});
