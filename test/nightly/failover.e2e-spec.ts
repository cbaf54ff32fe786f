import { RunningService, until } from '../e2e/support/running-service';
import { Load } from '../e2e/support/load';
import { PatroniCluster } from './support/patroni-cluster';

jest.setTimeout(600_000);

const WHOLE_WITHIN_MS = 10_000;
/** Of a connection that was cut while its commit waited for the standby, the server notices nothing. */
const GATEWAYS = `SELECT count(*)::int AS connections FROM pg_stat_activity
  WHERE usename = 'kmip_gateway_login' AND wait_event IS DISTINCT FROM 'SyncRep'`;

describe.each(['several hosts in DATABASE_URL', 'HAProxy'])('a cluster of PostgreSQL behind %s', (by) => {
  let cluster: PatroniCluster;
  let service: RunningService;

  beforeAll(async () => {
    cluster = await PatroniCluster.start();
    const url = by === 'HAProxy' ? await cluster.haproxyUrl() : cluster.url;
    service = await RunningService.start({ environment: { DATABASE_URL: url } });
  });

  afterAll(async () => {
    await service.remove();
    await cluster.remove();
  });

  /** Strikes the leader under load, and waits until somebody else leads and all clients are served. */
  async function afterwards(strike: (leader: string) => Promise<void>): Promise<{ load: Load; former: string }> {
    await cluster.isWhole();
    const { processes } = await service.reload();
    const former = await cluster.leader();
    const load = new Load(service);
    await until('there is load', 30_000, () => load.keys.length > 40);
    const [once, twice] = [load.failedOnce, load.failedTwice];
    const struckAt = performance.now();
    await strike(former);
    await cluster.leader(former);
    const promotedAfter = performance.now() - struckAt;
    const whole = await load.isWhole(WHOLE_WITHIN_MS);
    await load.stop();
    process.stdout.write(
      `${by}: promoted after ${promotedAfter.toFixed(0)} ms, all clients served ${whole.toFixed(0)} ms later; ` +
        `${load.keys.length} keys acknowledged, ${load.failedOnce - once} requests failed on one endpoint, ` +
        `${load.failedTwice - twice} on both\n`,
    );
    expect(await load.lost()).toEqual([]);
    expect((await service.reload()).processes).toEqual(processes);
    return { load, former };
  }

  it('whose leader dies: the standby has every acknowledged key, and the same processes serve it', async () => {
    const { former } = await afterwards((leader) => cluster.kill(leader));
    await cluster.begin(former);
  });

  it('whose leader hangs: the same, and nothing comes from the old one when it goes on', async () => {
    let goOn: () => void = () => undefined;
    const { load, former } = await afterwards(async (leader) => {
      goOn = await cluster.freeze(leader);
    });
    goOn();
    const after = new Load(service);
    await cluster.isWhole();
    expect(await cluster.leader()).not.toBe(former);
    await after.isWhole(WHOLE_WITHIN_MS);
    await after.stop();
    expect([await load.lost(), await after.lost()]).toEqual([[], []]);
  });

  it('whose former leader goes on unwatched: it acknowledges nothing, and the processes leave it', async () => {
    const { load, former } = await afterwards((leader) => cluster.killPatroni(leader));
    const admin = await cluster.connect(former);
    const { rows } = await admin.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
    expect(rows).toEqual([{ standby: false }]);
    const commit = admin.query('CREATE TABLE unseen ()').then(() => 'acknowledged');
    const watching = await cluster.connect(former);
    await until('its commit waits', 10_000, async () => {
      const { rowCount } = await watching.query(`SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
      return (rowCount ?? 0) > 0;
    });
    await until('the gateways have left it', WHOLE_WITHIN_MS, async () => {
      const left = await watching.query<{ connections: number }>(GATEWAYS);
      return left.rows[0]?.connections === 0;
    });
    expect(await Promise.race([commit, Promise.resolve('waits')])).toBe('waits');
    commit.catch(() => undefined);
    await Promise.all([admin, watching].map((client) => client.end().catch(() => undefined)));
    await cluster.begin(former);
    await cluster.isWhole();
    expect(await load.lost()).toEqual([]);
  });
});
