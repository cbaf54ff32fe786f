import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ManagementApiConfig } from '@lib/config';
import { createLogger } from '@lib/observability';
import { issueClientCertificate } from '@lib/pki';
import { ManualClock } from '@lib/testing';

import { KmipEndpoints } from './kmip-endpoints';

describe('the endpoints of the region', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kmip-endpoints-'));
  const file = join(folder, 'server.crt');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('have the certificate that their file holds now, give or take a second', async () => {
    const [before, after] = await Promise.all(
      ['before', 'after'].map((commonName) => issueClientCertificate('self-signed', { commonName, validDays: 1 })),
    );
    const clock = new ManualClock(new Date());
    const config = { kmipEndpoints: [{ host: 'kmip.example.com', port: 5696 }], kmipCertificateFiles: [file] };
    const endpoints = new KmipEndpoints(
      config as unknown as ManagementApiConfig,
      clock,
      createLogger({ level: 'silent', name: 'test' }),
    );
    const shown = async (): Promise<string | undefined> =>
      (await endpoints.current())[0]?.certificate?.description.subject;

    writeFileSync(file, before?.certificatePem ?? '');
    expect(await shown()).toBe('CN=before');
    writeFileSync(file, after?.certificatePem ?? '');
    // Who renews it tells vCenter next, and `kmip4v vcenter connect` compares what vCenter meets with what is shown here.
    clock.advance(1_001);
    expect(await shown()).toBe('CN=after');
  });
});
