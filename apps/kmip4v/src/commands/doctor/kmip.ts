import { X509Certificate } from 'node:crypto';

import { type Secret } from '@lib/kernel';
import { KmipClient, KmipClientError, presentedCertificate, vcenter } from '@lib/kmip-client';
import { type ResponseMessage, ResultStatus } from '@lib/kmip-protocol';

import { time } from '../../output/views';
import { type PresentedCertificate } from './client-certificate';
import { addressOf, type Endpoint } from './endpoint';
import { type Finding, findingsOf, textOfError } from './finding';

/** Clocks may differ by five minutes where certificates begin; from one on it is worth a word. */
const CLOCK_WARNING_MS = 60_000;
const CLOCK_FAILURE_MS = 300_000;
const TIMEOUT_MS = 10_000;
const DISTRUSTED =
  'the server distrusts this certificate: `kmip4v attempt list` says why, `kmip4v certificate add` lets it in';

/** What vCenter asks first on every connection, with its certificate. */
export async function kmipFindings(
  endpoint: Endpoint,
  { pem }: PresentedCertificate,
  privateKey: Secret,
): Promise<readonly Finding[]> {
  const tried = addressOf(endpoint);
  const { failed } = findingsOf('KMIP', tried);
  let client: KmipClient;
  try {
    client = await KmipClient.connect({
      host: endpoint.host,
      port: endpoint.port,
      clientCertificatePem: pem,
      clientKeyPem: privateKey,
      serverTrust: { pinnedSha256: endpoint.expected.length > 0 ? endpoint.expected : await shownBy(endpoint) },
      connectTimeoutMs: TIMEOUT_MS,
      requestTimeoutMs: TIMEOUT_MS,
    });
  } catch (error) {
    return [failed(faultText(error), remedyOf(error))];
  }
  try {
    const discovered = await client.send(vcenter.probe());
    const queried = await client.send(vcenter.queryServerInformation());
    return [
      answerFinding('Discover Versions', tried, discovered),
      answerFinding('Query', tried, queried),
      clock(tried, discovered),
    ];
  } catch (error) {
    return [failed(faultText(error), remedyOf(error))];
  } finally {
    await client.close();
  }
}

/** For an address of which the service says nothing: whoever it is, it is told nothing but the certificate. */
async function shownBy({ host, port }: Endpoint): Promise<string> {
  const pem = await presentedCertificate({ host, port, timeoutMs: TIMEOUT_MS });
  return pem === undefined ? '' : new X509Certificate(pem).fingerprint256;
}

function remedyOf(error: unknown): string {
  const fault = error instanceof KmipClientError ? error.fault : undefined;
  if (fault === 'untrusted') return 'do not trust that server: it is not the one that the service means';
  if (fault === 'timeout') return 'look at the firewall between here and there, and at the row of TCP';
  return fault === 'protocol' ? 'something else than KMIP answers there: check the port' : DISTRUSTED;
}

const faultText = (error: unknown): string => {
  if (!(error instanceof KmipClientError)) return textOfError(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return error.fault === 'closed' ? 'the server hung up when it saw the certificate' : `${error.message}${cause}`;
};

function answerFinding(check: string, tried: string, { batchItems: [item] }: ResponseMessage): Finding {
  const { passed, failed } = findingsOf(check, tried);
  if (item?.resultStatus !== ResultStatus.Success) {
    return failed(item?.resultMessage ?? 'no answer', 'the sentence says what to do');
  }
  const { response } = item;
  if (response?.name === 'DiscoverVersions') {
    const versions = response.payload.protocolVersions.map(({ major, minor }) => `${major}.${minor}`);
    return passed(`KMIP ${versions.join(', ')}`);
  }
  if (response?.name === 'Query') return passed(response.payload.vendorIdentification ?? 'answered');
  return passed('answered');
}

function clock(tried: string, { header: { timeStamp } }: ResponseMessage): Finding {
  const { passed, warning, failed } = findingsOf('clock', tried);
  const differenceMs = Math.abs(timeStamp.getTime() - Date.now());
  const text = `${(differenceMs / 1_000).toFixed(0)} s between this machine and the server (${time(timeStamp.toISOString()) ?? ''})`;
  const remedy = 'set the clock by NTP, and that of vCenter and the hosts too: certificates are judged by it';
  if (differenceMs > CLOCK_FAILURE_MS) return failed(text, remedy);
  return differenceMs > CLOCK_WARNING_MS ? warning(text, remedy) : passed(text);
}
