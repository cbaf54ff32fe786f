import { Secret } from '@lib/kernel';

import { command, list, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault, usageFault } from '../../command-line/faults';
import { type Answer, listed, shown, together } from '../../output/answer';
import { instanceOf } from '../../tenant/instance';
import { type Instance } from '../../tenant/resources';
import { certificateFindings, certificateIn, demandKeyOf, type PresentedCertificate } from './client-certificate';
import { type Endpoint, networkFindings } from './endpoint';
import { type Finding, FINDING_COLUMNS, findingsOf, REMEDY_FIELDS } from './finding';
import { kmipFindings } from './kmip';
import { instanceFindings, preflightFindings, refusalFindings } from './service';
import { counted } from '../../output/counted';

export const doctor = command({
  name: 'doctor',
  about: 'Say whether a vCenter with this certificate will work, and why not',
  details: [
    'Looks at the instance, at DNS, TCP and TLS of its endpoints from this machine, at the certificate and where it is',
    'listed, with its private key at what vCenter asks first, at the clock, at every call of the root key, and at the last',
    'refusals. Run it where vCenter is, or near it. Ends with 0 when nothing is in the way, and with 1 when something is.',
  ].join('\n'),
  options: {
    address: list('HOST[:PORT]', 'where vCenter connects, instead of the endpoints of the instance'),
    certificate: value('FILE', 'certificate that vCenter presents, in PEM'),
    key: value('FILE', 'its private key, where you have it: then KMIP itself is tried; - reads standard input'),
  },
  async run(given, context) {
    const { api, instance: id } = await context.tenant();
    const instance = await instanceOf(api, id);
    const client = await clientOf(given, context);
    const network = await Promise.all(
      endpointsOf(instance, given.address).map(async (endpoint) => ({
        endpoint,
        rows: await networkFindings(endpoint),
      })),
    );
    const reached = network.filter(({ rows }) => rows.every(({ result }) => result !== 'failed'));
    const findings = [
      ...instanceFindings(instance),
      ...network.flatMap(({ rows }) => rows),
      ...(await clientFindings(
        client,
        reached.map(({ endpoint }) => endpoint),
        context,
      )),
      ...(await preflightFindings(api, id)),
      ...(await refusalFindings(api, id, client.certificate?.sha256)),
    ];
    const failed = findings.filter(({ result }) => result === 'failed');
    if (failed.length === 0) return screenOf(findings);
    await context.out.answer(screenOf(findings));
    throw new CommandFault(EXIT.failed, `${counted(failed.length, 'check')} failed`, failed[0]?.remedy);
  },
});

interface Client {
  readonly certificate: PresentedCertificate | undefined;
  readonly key: Secret | undefined;
}

/** What vCenter has; in a checkout the client of the demo, where nothing was named. */
async function clientOf(
  given: { certificate: string | undefined; key: string | undefined },
  context: Context,
): Promise<Client> {
  if (given.key !== undefined && given.certificate === undefined) throw usageFault('--certificate FILE is missing');
  const demo = given.certificate === undefined ? (await context.demo())?.kmip : undefined;
  const [certificateFile, keyFile] = [given.certificate ?? demo?.clientCertificate, given.key ?? demo?.clientKey];
  if (certificateFile === undefined) return { certificate: undefined, key: undefined };
  const certificate = certificateIn(String(await context.read(certificateFile)), certificateFile);
  if (keyFile === undefined) return { certificate, key: undefined };
  const key = await context.read(keyFile);
  demandKeyOf(certificate, key, keyFile === '-' ? 'standard input' : keyFile);
  return { certificate, key: Secret.of(key) };
}

const KMIP_PORT = 5696;

function endpointsOf({ endpoints }: Instance, addresses: readonly string[]): readonly Endpoint[] {
  const own = endpoints.map((endpoint) => ({
    host: endpoint.hostname,
    port: endpoint.port,
    expected: [endpoint.server_certificate, endpoint.next_server_certificate].flatMap((certificate) =>
      certificate === undefined ? [] : [certificate.sha256_fingerprint],
    ),
  }));
  if (addresses.length === 0) return own;
  return addresses.map((address) => {
    const [, host = '', port = String(KMIP_PORT)] = /^\[?([^\]]+?)\]?(?::(\d{1,5}))?$/.exec(address) ?? [];
    if (host === '' || Number(port) > 65_535) throw usageFault(`${address} is no HOST:PORT`);
    // Another address leads to one of them: which one, nobody knows here.
    const any = { host, port: Number(port), expected: own.flatMap(({ expected }) => expected) };
    return own.find((each) => each.host === host && each.port === any.port) ?? any;
  });
}

async function clientFindings(
  { certificate, key }: Client,
  endpoints: readonly Endpoint[],
  context: Context,
): Promise<readonly Finding[]> {
  if (certificate === undefined) {
    return [findingsOf('certificate', 'of vCenter').skipped('not given', 'name it with --certificate FILE')];
  }
  const { api, instance } = await context.tenant();
  const listings = await certificateFindings(api, instance, certificate);
  if (key === undefined) {
    return [...listings, findingsOf('KMIP', 'what vCenter asks first').skipped('without the private key of vCenter')];
  }
  const asked = await Promise.all(endpoints.map((endpoint) => kmipFindings(endpoint, certificate, key)));
  return [...listings, ...asked.flat()];
}

/** The table, and below it what has to be read to the end. */
function screenOf(findings: readonly Finding[]): Answer {
  const wrong = findings.filter(({ result }) => result === 'failed' || result === 'warning');
  return together(findings, [
    ['', listed(findings, FINDING_COLUMNS, '')],
    ...wrong.map((finding) => ['', shown(finding, REMEDY_FIELDS)] as const),
  ]);
}
