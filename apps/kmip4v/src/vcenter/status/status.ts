import { toFingerprint } from '@lib/kernel';
import {
  type CertificateInfo,
  daysLeft,
  KeyProviders,
  type KmipClusterInfo,
  type KmipServerStatus,
  type ViSession,
} from '@lib/vi-json';

import { announcedRemarks } from '../announced';
import { colonForm, sha256Of } from '../certificates';
import { describeServer, isConnected } from '../connect/use-steps';
import { type KmipService, type ServedInstance, type ServerTrust } from '../kmip-service';
import { counted } from '../../output/counted';

const CLOCKS_APART_MS = 60_000;

export interface ServerReport {
  readonly name: string;
  readonly address: string;
  readonly connected: boolean;
  /** vCenter's own words. */
  readonly status: string;
  readonly certificateDaysLeft?: number;
  /** When the service last let this vCenter in there: it trusted the certificate that was presented then. */
  readonly lastSeen?: string;
  /** Whether that was the certificate that the endpoint presents now. */
  readonly serverTrust?: ServerTrust['state'];
  /** What the endpoint will present, as announced. */
  readonly announced?: { readonly sha256: string; readonly expiresAt: string };
  /** In the words of vCenter: whether it trusts what it is shown now. */
  readonly trusted?: boolean;
}

/** How a key provider stands, from both sides. */
export interface StatusReport {
  readonly provider: string;
  readonly isDefault: boolean;
  readonly overall: string;
  readonly servers: readonly ServerReport[];
  readonly clientCertificate?: {
    readonly sha256: string;
    readonly daysLeft?: number;
    readonly registeredAs?: string;
    readonly serverTrust: readonly ServerTrust[];
    readonly lastSeen?: { readonly at: string; readonly endpoint: string };
  };
  readonly clockAheadSeconds: number;
  /** What needs somebody, the worst first. Empty where all is well. */
  readonly problems: readonly string[];
  /** What is ahead, and needs nobody yet. */
  readonly remarks: readonly string[];
}

/** A renewed certificate of the service, or something in its place: the comparison tells. */
const TRUST_IT = 'kmip4v vcenter renew compares its certificate with what the service presents, and trusts it.';

interface StatusOptions {
  readonly now: Date;
  readonly warnDays: number;
}

export async function statusOf(
  session: ViSession,
  service: KmipService,
  info: KmipClusterInfo,
  { now, warnDays }: StatusOptions,
): Promise<StatusReport> {
  const providers = new KeyProviders(session);
  const status = await providers.status(info);
  const client = await clientReport(providers, service, info, status?.clientCertInfo, now);
  const seen = await seenAt(service, client?.sha256);
  const instance = await service.instance();
  const servers = (info.servers ?? []).map(({ name, address, port }) => {
    const unknown = { name, status: 'gray', connectionStatus: 'not known' } as const;
    const server = status?.servers.find((each) => each.name === name) ?? unknown;
    const lastSeen = seen.get(name);
    const next = instance.endpoints.find((each) => each.address === address && each.port === port)?.next;
    const serverTrust = client?.serverTrust.find(({ endpoint }) => endpoint === name)?.state;
    return {
      ...serverReport(`${address}:${port}`, server, now),
      ...(lastSeen !== undefined && { lastSeen }),
      ...(serverTrust !== undefined && { serverTrust }),
      ...(next && { announced: { sha256: colonForm(next.sha256), expiresAt: next.expiresAt } }),
    };
  });
  const report = {
    provider: info.clusterId.id,
    isDefault: info.useAsDefault,
    overall: status?.overallStatus ?? 'gray',
    servers,
    ...(client === undefined ? {} : { clientCertificate: client }),
    clockAheadSeconds: Math.round(session.clockAheadMs / 1000),
  };
  const problems = [...missingEndpoints(info, instance), ...problemsOf(report, warnDays)];
  return { ...report, problems, remarks: announcedRemarks(instance.endpoints) };
}

function serverReport(address: string, server: KmipServerStatus, now: Date): ServerReport {
  return {
    name: server.name,
    address,
    connected: isConnected(server),
    status: describeServer(server),
    ...(server.clientTrustServer !== undefined && { trusted: server.clientTrustServer }),
    ...(server.certInfo && { certificateDaysLeft: daysLeft(server.certInfo, now) }),
  };
}

/** By endpoint. */
async function seenAt(service: KmipService, sha256: string | undefined): Promise<ReadonlyMap<string, string>> {
  const fingerprint = sha256 === undefined ? undefined : toFingerprint(sha256);
  const sightings = (await service.sightings()).filter((sighting) => sighting.sha256 === fingerprint);
  return new Map(
    sightings.toSorted((one, other) => one.at.localeCompare(other.at)).map(({ endpoint, at }) => [endpoint, at]),
  );
}

async function clientReport(
  providers: KeyProviders,
  service: KmipService,
  info: KmipClusterInfo,
  shown: CertificateInfo | undefined,
  now: Date,
): Promise<StatusReport['clientCertificate']> {
  const pem = await providers.clientCertificate(info.clusterId.id);
  if (pem === undefined) return undefined;
  const sha256 = sha256Of(pem);
  const registered = (await service.certificates()).find((each) => each.sha256 === sha256);
  const end = shown?.notAfter ?? registered?.expiresAt;
  return {
    sha256: colonForm(sha256),
    ...(end !== undefined && { daysLeft: Math.floor((Date.parse(end) - now.getTime()) / 86_400_000) }),
    serverTrust: registered?.serverTrust ?? [],
    ...(registered && { registeredAs: registered.name }),
    ...(registered?.lastSeen && { lastSeen: registered.lastSeen }),
  };
}

/** An endpoint that vCenter does not know is none that it can fall back to. */
function missingEndpoints(info: KmipClusterInfo, { endpoints }: ServedInstance): readonly string[] {
  return endpoints
    .filter(({ address, port }) => !info.servers?.some((each) => each.address === address && each.port === port))
    .map(
      ({ address, port }) => `${address}:${port} of the service is no server of it: kmip4v vcenter connect adds it.`,
    );
}

function problemsOf(report: Omit<StatusReport, 'problems' | 'remarks'>, warnDays: number): readonly string[] {
  const { servers, clientCertificate: client, clockAheadSeconds } = report;
  const ending = servers.filter(({ certificateDaysLeft: days = Infinity }) => days < warnDays);
  const apart = Math.abs(clockAheadSeconds) * 1000 > CLOCKS_APART_MS;
  return [
    ...servers
      .filter(({ connected }) => !connected)
      .map(({ status, trusted }) => `Not connected. ${status}.${trusted === false ? ` ${TRUST_IT}` : ''}`),
    ...(client === undefined ? ['vCenter has no client certificate for it: kmip4v vcenter connect makes one.'] : []),
    ...(client !== undefined && client.registeredAs === undefined
      ? ['The service does not let the client certificate of vCenter in: kmip4v vcenter connect registers it.']
      : []),
    ...((client?.daysLeft ?? Infinity) < warnDays
      ? [`The client certificate of vCenter ${endOf(client?.daysLeft ?? 0)}: kmip4v vcenter renew.`]
      : []),
    ...ending.map(({ name, certificateDaysLeft: days }) => `The certificate of ${name} ${endOf(days ?? 0)}.`),
    ...(apart ? [`The clocks of vCenter and of this machine are ${Math.abs(clockAheadSeconds)} s apart.`] : []),
  ];
}

function endOf(days: number): string {
  if (days < 0) return `ended ${counted(-days, 'day')} ago`;
  return days === 0 ? 'ends today' : `ends in ${counted(days, 'day')}`;
}
