import { randomUUID } from 'node:crypto';

import { type Secret } from '@lib/kernel';
import { issueCertificateAuthority, issueClientCertificate, issueServerCertificate } from '@lib/pki';

import { type CenterStore, type PairRow, type SettingsRow } from './rows';

const CA_DAYS = 3650;
const WEB_DAYS = 730;

export const DEFAULT_VERSION = '8.0.3 build-24322831';

/** Settings of this vCenter, made at its first start: its CA, and what that signed for the web server and for KMIP. */
export async function ensureSettings(store: CenterStore, host: string): Promise<SettingsRow & { web: PairRow }> {
  const known = store.get('settings', 'settings');
  if (known?.web !== undefined) return { ...known, web: known.web };
  const ca = await issueCertificateAuthority({ commonName: 'CA', validDays: CA_DAYS });
  const [web, client] = await Promise.all([
    issueServerCertificate(ca, {
      commonName: 'vcenter.local',
      dnsNames: ['vcenter.local', 'localhost'],
      ipAddresses: [...new Set(['127.0.0.1', host])].filter((address) => /^[\d.]+$/.test(address)),
      validDays: WEB_DAYS,
    }),
    issueClientCertificate(ca, { commonName: 'vcenter.local', validDays: WEB_DAYS }),
  ]);
  const settings = {
    instanceUuid: randomUUID(),
    clockOffsetMs: 0,
    version: DEFAULT_VERSION,
    authority: pair(ca.certificatePem, ca.privateKeyPem),
    web: pair(web.certificatePem, web.privateKeyPem),
    client: pair(client.certificatePem, client.privateKeyPem),
  };
  await store.commit(['settings', 'settings', settings]);
  return settings;
}

const pair = (certificate: string, privateKey: Secret): PairRow => ({
  certificate,
  privateKey: privateKey.exposeText(),
});
