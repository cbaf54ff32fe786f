import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { toFingerprint } from '@lib/kernel';

import { colons } from '../../output/views';
import { type Finding, findingsOf, textOfError } from './finding';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the certificates that the service says it shows there, now or as announced; none where it does not know. */
  readonly expected: readonly string[];
}

export const addressOf = ({ host, port }: Endpoint): string => `${host}:${port}`;

const TIMEOUT_MS = 10_000;
const FIREWALL = 'open the port between vCenter, each host of a vSAN cluster and this address';

/** Name, port and TLS, as anybody on this machine would find them. */
export async function networkFindings(endpoint: Endpoint): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const look of [nameFinding, portFinding, tlsFinding]) {
    const finding = await look(endpoint);
    found.push(finding);
    // What stands on it cannot be better.
    if (finding.result === 'failed') break;
  }
  return found;
}

async function nameFinding({ host }: Endpoint): Promise<Finding> {
  const { passed, failed } = findingsOf('DNS', host);
  if (isIP(host) !== 0) return passed('it is an address, no name');
  try {
    const addresses = await lookup(host, { all: true });
    return passed(addresses.map(({ address }) => address).join(', '));
  } catch (error) {
    return failed(textOfError(error), 'mend the name in DNS; vCenter and the hosts have to know it too');
  }
}

function portFinding(endpoint: Endpoint): Promise<Finding> {
  const { host, port } = endpoint;
  const { passed, failed } = findingsOf('TCP', addressOf(endpoint));
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    const end = (finding: Finding): void => {
      socket.destroy();
      resolve(finding);
    };
    socket.once('connect', () => end(passed(`open, after ${(performance.now() - startedAt).toFixed(0)} ms`)));
    socket.once('timeout', () => end(failed('no answer within 10 s', FIREWALL)));
    socket.once('error', (error) => end(failed(textOfError(error), FIREWALL)));
  });
}

/** Without a client certificate: what the server shows, and whether it is the server that the service means. */
function tlsFinding(endpoint: Endpoint): Promise<Finding> {
  const { host, port, expected } = endpoint;
  const { passed, warning, failed } = findingsOf('TLS', addressOf(endpoint));
  return new Promise((resolve) => {
    // The fingerprint is compared, and nothing is sent: vCenter trusts the certificate itself too, and no authority.
    const socket = connectTls({ host, port, rejectUnauthorized: false, ...(isIP(host) === 0 && { servername: host }) });
    const end = (finding: Finding): void => {
      socket.destroy();
      resolve(finding);
    };
    socket.setTimeout(TIMEOUT_MS, () =>
      end(failed('no answer within 10 s', 'something else may listen there: check the port')),
    );
    socket.once('error', (error) =>
      end(failed(`no TLS: ${textOfError(error)}`, 'something else may listen there: check the port')),
    );
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      const shown = toFingerprint(certificate?.fingerprint256 ?? '');
      const agreed = `${socket.getProtocol() ?? '?'}, ${socket.getCipher().name}; server certificate ${colons(shown)}`;
      if (expected.length === 0)
        end(warning(agreed, 'the service does not say what it shows here: compare the fingerprint'));
      else if (expected.includes(shown)) end(passed(`${agreed}, as the service says`));
      else {
        end(
          failed(
            `${agreed}, and the service says ${expected.map(colons).join(' or ')}`,
            'do not trust it: something between here and there answers in the place of the service, or the address is another one',
          ),
        );
      }
    });
  });
}
