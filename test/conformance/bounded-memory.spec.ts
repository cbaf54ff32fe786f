import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CONNECTIONS = 'the places for connections';
const UNDER_WAY = 'requests under way, of which each connection has one';
const TABLE = 'code: it is filled when the process starts';
const SUBSCRIBERS = 'code: parts of the process that listen';
const EVICTED = 'a capacity; what was not used for longest goes';

/**
 * What bounds each collection that lives as long as the process. Whoever adds one decides that here, or takes a
 * BoundedMap: tenants, certificates, keys and connections are without number.
 */
const BOUNDS: Readonly<Record<string, string>> = {
  'apps/kmip-gateway/src/log-limiter.ts #buckets': 'code: the kinds of lines',
  'apps/kmip-gateway/src/reconcile/instance-loop.ts #nextRound': 'REMEMBERED; slices come to the others',
  'apps/kmip-gateway/src/reconcile/instance-loop.ts #woken':
    'REMEMBERED; a visit ends each, and slices come to the others',
  'apps/kmip-gateway/src/reconcile/instance-loop.ts #unfinished': 'REMEMBERED; slices come to the others',
  'apps/kmip-gateway/src/reconcile/traffic-reports.ts #waiting': 'MAXIMUM_WAITING; of others the next call tells',
  'apps/kmip-gateway/src/session/answer-memories.ts #perOwner': CONNECTIONS,
  'apps/kmip-gateway/src/session/instance-route.ts #proving': UNDER_WAY,
  'apps/kmip-gateway/src/session/loop-share.ts #lines': UNDER_WAY,
  'apps/kmip-gateway/src/session/loop-share.ts #used': 'one turn of the event loop',
  'apps/kmip-gateway/src/session/question-audit.ts #waiting': 'MAXIMUM_WAITING; further ones are refused',
  'apps/kmip-gateway/src/session/refusal-audit.ts #underWay': UNDER_WAY,
  'apps/kmip-gateway/src/session/turns.ts #lanes': UNDER_WAY,
  'apps/kmip-gateway/src/workers/worker.ts #questions': 'questions under way; each ends in time',
  'apps/kmip-gateway/src/workers/workers.ts #all': 'code: the workers of one endpoint',
  'apps/kmip4v/src/vcenter/rekey/journal.ts #progress': 'the targets of one plan; one command',
  'apps/kmip4v/src/vcenter/rekey/run.ts #ended': 'the tasks of one command',
  'apps/management-api/src/auth/policy-decision-point.ts #cache': EVICTED,
  'apps/management-api/src/http/openapi/contract.ts #answers': TABLE,
  'apps/management-api/src/http/operation-table.ts #bound': TABLE,
  'apps/management-api/src/http/rate-limiter.ts #buckets': EVICTED,
  'apps/management-api/src/tenant-api/audit/repeated-reads.ts #inInstance': 'MAXIMUM, as #reads',
  'apps/management-api/src/tenant-api/audit/repeated-reads.ts #reads': 'MAXIMUM; further ones are recorded at once',
  'apps/management-api/src/console/session/session-watch.ts #ends': 'sessions with a stream, as the streams',
  'apps/management-api/src/tenant-api/events/followers.ts #counts': 'MAXIMUM streams',
  'apps/management-api/src/tenant-api/events/followers.ts #ends': 'MAXIMUM streams',
  'apps/management-api/src/tenant-api/events/instance-watch.ts #attempts': 'what one look at the database gives',
  'apps/management-api/src/tenant-api/events/instance-watch.ts #moves': 'the root keys of one instance',
  'apps/management-api/src/tenant-api/events/instance-watches.ts #watched':
    'instances that are followed, as the streams',
  'libs/audit/src/head-signer.ts running': 'the round or the requests under way',
  'libs/diagnosis/src/connection-journal.ts #pending': 'CAPACITY; further ones are counted together',
  'libs/kernel/src/bounded-map.ts #entries': EVICTED,
  'libs/key-manager/src/canary.ts #outcomes': 'code: the calls of one test',
  'libs/key-manager/src/key-manager-registry.ts #entries': EVICTED,
  'libs/kmip-engine/src/attributes/locate-filter.ts dates': 'one Locate',
  'libs/kmip-engine/src/attributes/locate-filter.ts numbers': 'one Locate',
  'libs/kmip-engine/src/batch/late-work.ts #running': UNDER_WAY,
  'libs/kmip-engine/src/custody/single-flight.ts #flights': UNDER_WAY,
  'libs/kmip-engine/src/handlers/operation-table.ts #byNumber': TABLE,
  'libs/kmip-engine/src/handlers/operation-table.ts #entries': TABLE,
  'libs/kmip-transport/src/handshake-queue.ts #lanes': CONNECTIONS,
  'libs/kmip-transport/src/kmip-listener.ts #connections': CONNECTIONS,
  'libs/kmip-transport/src/kmip-listener.ts #incoming': CONNECTIONS,
  'libs/kmip-transport/src/kmip-listener.ts #sockets': CONNECTIONS,
  'libs/kmip-transport/src/place-gate.ts #perGroup': CONNECTIONS,
  'libs/observability/src/summed-metrics.ts #latest': 'code: the processes that are measured as one',
  'libs/persistence/src/catalog/gathered-work.ts #queues': UNDER_WAY,
  'libs/persistence/src/coordination/postgres-invalidation-bus.ts listeners': SUBSCRIBERS,
  'libs/persistence/src/database/database-shares.ts #used': 'the connections of the pool',
  'libs/persistence/src/database/database-shares.ts #waiting': UNDER_WAY,
  'libs/persistence/src/database/primary-finder.ts #sockets': 'the connections of the pool',
  'libs/tenancy/src/activation.ts #instances': 'changes until the next write, which is under way',
  'libs/tenancy/src/allow-list/client-directory.ts outdated': 'MANY; beyond that all of the region is read',
  'libs/tenancy/src/allow-list/client-directory.ts removalListeners': SUBSCRIBERS,
  'libs/tenancy/src/allow-list/client-directory.ts taken': 'what the database names as changed since the last time',
  'libs/tenancy/src/allow-list/registration-table.ts #credentials':
    'instances that issued passwords: the list is whole',
};

const SERVER = /^(apps|libs)\/[^/]+\/src\/.*\.ts$/;
const ASIDE =
  /\.(int-)?spec\.ts$|\.fixture\.ts$|^libs\/(testing|kmip-client|stand-in)\/|^apps\/(local-cloud|local-vcenter|launcher)\//;
const FIELD = /^\s+(?:private |readonly |static )*(#?\w+)(?:: [^=\n]+)? = new (?:Map|Set)\b/gm;

describe('collections that live as long as the process', () => {
  it('each have a bound', () => {
    const files = ['apps', 'libs']
      .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
      .filter((file) => SERVER.test(file) && !ASIDE.test(file));
    const fields = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(FIELD)].map(([, field]) => `${file} ${field ?? ''}`),
    );
    expect(fields.toSorted()).toEqual(Object.keys(BOUNDS).sort());
  });
});
