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

  const clock = new ManualClock(new Date());
  const issued = async (commonName: string): Promise<string> =>
    (await issueClientCertificate('self-signed', { commonName, validDays: 1 })).certificatePem;
  const endpointsWith = (config: Partial<ManagementApiConfig>): KmipEndpoints =>
    new KmipEndpoints(config as ManagementApiConfig, clock, createLogger({ level: 'silent', name: 'test' }));

  it('have the certificate that their file holds now, give or take a second', async () => {
    const kmipEndpoints = [{ host: 'kmip.example.com', port: 5696 }];
    const endpoints = endpointsWith({ kmipEndpoints, kmipCertificateFiles: [file] });
    const shown = async (): Promise<string | undefined> =>
      (await endpoints.current())[0]?.certificate?.description.subject;

    writeFileSync(file, await issued('before'));
    expect(await shown()).toBe('CN=before');
    writeFileSync(file, await issued('after'));
    // Who renews it tells vCenter next, and `kmip4v vcenter connect` compares what vCenter meets with what is shown here.
    clock.advance(1_001);
    expect(await shown()).toBe('CN=after');
  });

  it('have the one that is announced beside it, each until it presents it', async () => {
    const [present, next] = [await issued('present'), await issued('next')];
    const [one, two, announced] = ['kmip-1.crt', 'kmip-2.crt', 'next.crt'].map((name) => join(folder, name));
    for (const own of [one, two]) writeFileSync(own!, present);
    const endpoints = endpointsWith({
      kmipEndpoints: [1, 2].map((number) => ({ host: `kmip-${number}.example.com`, port: 5696 })),
      kmipCertificateFiles: [one!, two!],
      kmipNextCertificateFiles: [announced!],
    });
    const shown = async () => {
      clock.advance(1_001);
      const found = await endpoints.current();
      return found.map(({ nextCertificate }) => nextCertificate?.description.subject);
    };

    expect(await shown()).toEqual([undefined, undefined]);
    writeFileSync(announced!, next);
    expect(await shown()).toEqual(['CN=next', 'CN=next']);
    writeFileSync(one!, next);
    expect(await shown()).toEqual([undefined, 'CN=next']);
    writeFileSync(two!, next);
    expect(await shown()).toEqual([undefined, undefined]);
  });
});
