import { type CertSignRequest } from '@lib/vi-json';
import { without } from '@lib/stand-in';
import { issueClientCertificate, newSigningRequest, type SubjectFields } from '@lib/pki';

import { type Center } from '../../center';
import { belongTogether, readCertificate } from '../../kmip/certificate-info';
import { type PairRow, type ProviderRow } from '../../rows';
import { invalidArgument } from '../../vim/fault';
import { method, type MethodDefinition } from '../method';

const S = { privilege: 'Cryptographer.ManageKeyServers', faults: ['InvalidArgument'] } as const;
const TAKE = { ...S, parameters: 'cluster: KeyProviderId, certificate: string' } as const;
const SHOW = { ...S, parameters: 'cluster: KeyProviderId', returns: 'string' } as const;
const MAKE = {
  ...S,
  parameters: 'cluster: KeyProviderId, request?: CryptoManagerKmipCertSignRequest @8.0.1',
  returns: 'string',
} as const;
/** How long vCenter's own certificates run is not published [inferred]. */
const OWN_DAYS = 3650;

/** Trust in both directions. Generate… makes a candidate: what works goes on working until an Update… takes it. */
export const CERTIFICATE_METHODS: readonly MethodDefinition[] = [
  method('CryptoManagerKmip', 'UploadKmipServerCert', TAKE, async ({ center, parameters }) => {
    const provider = providerOf(center, parameters);
    const pem = readCertificate(parameters.certificate).toString();
    const trusted = [...provider.trusted.filter((one) => one !== pem), pem];
    await configure(center, { ...provider, trusted });
  }),
  method('CryptoManagerKmip', 'GenerateSelfSignedClientCert', MAKE, async ({ center, parameters }) => {
    const provider = providerOf(center, parameters);
    const { certificatePem, privateKeyPem } = await issueClientCertificate('self-signed', {
      ...subjectFor(center, parameters.request),
      validDays: OWN_DAYS,
      // vCenter's own have none (PyKMIP #234, #402, #717).
      extendedKeyUsage: false,
    });
    const selfSigned = { certificate: certificatePem, privateKey: privateKeyPem.exposeText() };
    await center.providers.put({ ...center.providers.get(provider.id, 'cluster'), selfSigned });
    return certificatePem;
  }),
  method('CryptoManagerKmip', 'RetrieveSelfSignedClientCert', SHOW, ({ center, parameters }) => {
    return providerOf(center, parameters).selfSigned?.certificate ?? '';
  }),
  method('CryptoManagerKmip', 'UpdateSelfSignedClientCert', TAKE, async ({ center, parameters }) => {
    const provider = providerOf(center, parameters);
    await take(center, provider, parameters.certificate, provider.selfSigned?.privateKey);
  }),
  method('CryptoManagerKmip', 'GenerateClientCsr', MAKE, async ({ center, parameters }) => {
    const provider = providerOf(center, parameters);
    const { requestPem, privateKeyPem } = await newSigningRequest(subjectFor(center, parameters.request));
    const request = { pem: requestPem, privateKey: privateKeyPem.exposeText() };
    await center.providers.put({ ...center.providers.get(provider.id, 'cluster'), request });
    return requestPem;
  }),
  method('CryptoManagerKmip', 'RetrieveClientCsr', SHOW, ({ center, parameters }) => {
    return providerOf(center, parameters).request?.pem ?? '';
  }),
  method('CryptoManagerKmip', 'UpdateKmsSignedCsrClientCert', TAKE, async ({ center, parameters }) => {
    const provider = providerOf(center, parameters);
    await take(center, provider, parameters.certificate, provider.request?.privateKey);
  }),
  method(
    'CryptoManagerKmip',
    'UploadClientCert',
    { ...TAKE, parameters: `${TAKE.parameters}, privateKey: string` },
    async ({ center, parameters }) => {
      const provider = providerOf(center, parameters);
      readCertificate(parameters.certificate);
      await take(center, provider, parameters.certificate, parameters.privateKey, 'privateKey');
    },
  ),
  method('CryptoManagerKmip', 'RetrieveClientCert', SHOW, ({ center, parameters }) => {
    return center.providers.clientOf(providerOf(center, parameters))?.certificate ?? '';
  }),
];

const providerOf = ({ providers }: Center, { cluster }: { readonly cluster: { readonly id: string } }): ProviderRow =>
  providers.get(cluster.id, 'cluster');

/** A certificate of another key than the candidate's is refused; which fault a real vCenter has is not established. */
async function take(
  center: Center,
  provider: ProviderRow,
  pem: string,
  privateKey: string | undefined,
  property = 'certificate',
): Promise<void> {
  const certificate = readCertificate(pem);
  if (privateKey === undefined || !belongTogether(certificate, privateKey)) throw invalidArgument(property);
  const client: PairRow = { certificate: certificate.toString(), privateKey };
  await configure(center, { ...provider, client });
}

async function configure(center: Center, provider: ProviderRow): Promise<void> {
  await center.providers.put(provider);
  center.health.configured(provider);
}

/** `kmipClient` and the time, as seen in the field, unless a name is wished for. */
function subjectFor(center: Center, request: CertSignRequest = {}): SubjectFields & { readonly commonName: string } {
  const { country, ...fields } = without(request, '_typeName');
  if (country !== undefined && !/^[A-Za-z]{2}$/.test(country)) throw invalidArgument('request.country');
  const stamp = center.clock.now().toISOString().replaceAll(/\D/g, '').slice(0, 14);
  return { commonName: `kmipClient${stamp}`, ...fields, ...(country !== undefined && { country }) };
}
