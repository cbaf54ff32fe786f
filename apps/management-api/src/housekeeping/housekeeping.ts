import { hostname } from 'node:os';

import { type Clock, LeasedWorker } from '@lib/kernel';
import { type Logger, type Metrics } from '@lib/observability';
import { PostgresAuditTrail, PostgresConnectionAttempts, PostgresDailyUsages } from '@lib/persistence';
import { type HeadSigning, type Region } from '@lib/platform';

import { CertificateExpiry } from './certificate-expiry';
import { CredentialResealing } from './credential-resealing';
import { HeadRound } from './head-round';
import { outdatedKmipPasswords } from './kmip-passwords';
import { onceADay } from './once-a-day';

const INTERVAL_MS = 600_000;
const LEASE_MS = 1_800_000;
/** Long enough for the question "what happened at the weekend". */
const ATTEMPTS_KEPT_MS = 30 * 86_400_000;
const MAXIMUM_ATTEMPTS = 200_000;

/** What has to be done for all tenants from time to time, by one process of the region. */
export function housekeeping(region: Region, metrics: Metrics, logger: Logger, signing: HeadSigning): LeasedWorker {
  const { clock, dataSource, directory, leases, objectStores } = region;
  const attempts = new PostgresConnectionAttempts(dataSource);
  const usages = new PostgresDailyUsages(dataSource);
  const expiring = metrics.gauge('kmip_client_certificates_expiring', 'Certificates that end within so many days', [
    'days',
  ]);
  const expiry = new CertificateExpiry({
    directory,
    trail: new PostgresAuditTrail(dataSource),
    sink: objectStores.auditSink,
    clock,
    gauge: (days, count) => {
      expiring.set({ days: String(days) }, count);
    },
  });
  const outdated = metrics.gauge('kmip_outdated_credentials', 'API keys not sealed by the newest service key');
  const resealing = new CredentialResealing({
    directory,
    rootKeys: region.rootKeys,
    serviceKeyVersion: region.serviceKeyVersion,
    clock,
    gauge: (count) => {
      outdated.set(count);
    },
    unreadable: (instanceId, err) => logger.warn({ instanceId, err }, 'a stored API key cannot be sealed anew'),
  });
  const outdatedPasswords = metrics.gauge(
    'kmip_outdated_kmip_passwords',
    'KMIP passwords not kept under the newest service key',
  );
  const heads = headRound(metrics, logger, signing);
  const pruneStandings = onceADay(clock, () => directory.pruneStandings());
  return new LeasedWorker({
    name: 'management-housekeeping',
    owner: `${hostname()}/${process.pid}`,
    leases,
    intervalMs: INTERVAL_MS,
    leaseMs: LEASE_MS,
    log: (message, error) => logger.warn({ err: error }, message),
    work: async () => {
      await usages.measure(today(clock));
      await attempts.prune(new Date(clock.now().getTime() - ATTEMPTS_KEPT_MS), MAXIMUM_ATTEMPTS);
      await expiry.round();
      await resealing.round();
      const passwords = await outdatedKmipPasswords(directory, region.kmipPasswords, region.serviceKeyVersion);
      outdatedPasswords.set(passwords.length);
      await pruneStandings();
      await heads.round();
    },
  });
}

function headRound(metrics: Metrics, logger: Logger, { signer, heads, copies, keys }: HeadSigning): HeadRound {
  const contradicted = metrics.gauge(
    'kmip_audit_trails_contradicted',
    'Audit trails that contradict what was signed of them',
  );
  return new HeadRound({
    signer,
    heads,
    copies,
    signs: async () => (await keys()).length > 0,
    contradicted: (count) => {
      contradicted.set(count);
    },
    alarm: (instanceId, contradiction) =>
      logger.error(
        { instanceId, contradiction },
        'the audit trail contradicts what was signed: it was cut or restored',
      ),
    failed: (instanceId, err) => logger.warn({ instanceId, err }, 'the head of an audit trail was not signed'),
  });
}

const today = (clock: Clock): string => clock.now().toISOString().slice(0, 10);
