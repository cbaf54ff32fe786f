import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { HANDSHAKE_FAILURES, TRANSPORT_LIMIT_NAMES } from '@lib/kmip-transport';
import { colonForm, describeCertificate, issueClientCertificate } from '@lib/pki';
import { BIRTH_REFUSALS } from '@lib/tenancy';

import { type KmipEndpoint } from '../instances/kmip-endpoint';
import { explain, VERDICTS } from './verdicts';

/** Ends of connections that no gateway reports: nobody looks for them, or they are no connection's. */
const UNREPORTED = [
  'closed_by_peer',
  'proxy_header',
  'crowded_out',
  'over_limit',
  'draining',
  'other',
  'large_requests',
];

function documented(): readonly (readonly string[])[] {
  const page = readFileSync(join(__dirname, '../../../../../docs/errors.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith('Connection attempts\n')) ?? '';
  const rows = section.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return rows.filter(([code]) => code?.startsWith('`'));
}

async function endpoint(name: string): Promise<KmipEndpoint> {
  const request = { commonName: name, validDays: 1, keyKind: 'ec-p256' } as const;
  const { certificatePem: pem } = await issueClientCertificate('self-signed', request);
  const certificate = { pem, chain: [], description: describeCertificate(pem, new Date()) };
  return { name, host: 'kmip.example.com', port: 5696, certificate };
}

const fingerprintOf = ({ certificate }: KmipEndpoint): string => colonForm(certificate?.description.fingerprint ?? '');

describe('verdicts', () => {
  it('explain every way in which a connection can end before it is served', () => {
    const ways = [...HANDSHAKE_FAILURES, ...TRANSPORT_LIMIT_NAMES].filter((way) => !UNREPORTED.includes(way));
    expect(ways.filter((way) => VERDICTS[way] === undefined)).toEqual([]);
    const remedies = ways.map((way) => VERDICTS[way]?.message);
    expect(new Set(remedies).size).toBe(ways.length);
  });

  it('are those of docs/errors.md, in the same order', () => {
    const wanted = Object.entries(VERDICTS).map(([code, { message, remedy }]) => [`\`${code}\``, message, remedy]);
    expect(documented()).toEqual(wanted);
  });

  it('name our certificate to who does not trust it: that of the endpoint, or else of all', async () => {
    const endpoints = [await endpoint('kmip-1'), await endpoint('kmip-2')] as const;
    const [first, second] = endpoints;
    const one = explain('server_certificate_distrusted', 'kmip-2', endpoints).remedy;
    expect(one).toContain(fingerprintOf(second));
    expect(one).not.toContain(fingerprintOf(first));
    const all = explain('server_certificate_distrusted', 'elsewhere', endpoints).remedy;
    expect(all).toContain(fingerprintOf(first));
    expect(all).toContain(fingerprintOf(second));
    expect(explain('server_certificate_distrusted', 'kmip-1', []).remedy).toMatch(/fingerprint that vCenter shows\.$/);
  });

  it('explain what a newer gateway reports, too', () => {
    expect(explain('something_new', 'kmip-1', []).message).toMatch(/ended before/);
  });

  it('about whose a certificate is stand on the page that tenants read', () => {
    const page = readFileSync(join(__dirname, '../../../../../docs/who-may-connect.md'), 'utf8');
    const section = page.split(/^## /m).find((part) => part.startsWith('Why a connection is refused\n')) ?? '';
    const explained = [...section.matchAll(/^\| `([a-z_]+)` /gm)].map(([, code = '']) => code);
    expect(explained.filter((code) => VERDICTS[code] === undefined)).toEqual([]);
    const ofCertificates = Object.keys(VERDICTS).filter((code) => /^(certificate|credential|instance)_/.test(code));
    expect(explained).toEqual(expect.arrayContaining([...ofCertificates, ...BIRTH_REFUSALS]));
  });
});
