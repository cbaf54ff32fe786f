import { describeWithOpenssl } from '@lib/testing';

import { ComposeDeployment } from './support/compose-deployment';

jest.setTimeout(240_000);

const SERVING = ['kmip-1', 'kmip-2', 'management-api'];

describeWithOpenssl('docker-compose.yml, run without Docker', () => {
  let deployment: ComposeDeployment;
  const column = async (text: string): Promise<unknown[]> =>
    (await deployment.sql(text)).map((row) => Object.values(row)[0]);

  beforeAll(async () => {
    deployment = await ComposeDeployment.open();
  });
  afterAll(() => deployment.remove());

  it('is left by a release that had one login, a superuser, for all', async () => {
    await deployment.up('migrate', {
      DATABASE_URL_FILE: `${deployment.folder}/run/migrate/administrator-database-url`,
      ADMINISTRATOR_DATABASE_URL_FILE: undefined,
      GATEWAY_DATABASE_URL_FILE: undefined,
      API_DATABASE_URL_FILE: undefined,
    });
    expect(await column(`SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'`)).toEqual(['kmip']);
  });

  it('comes up in its order, and is ready', async () => {
    expect(deployment.order[0]).toBe('migrate');
    for (const name of deployment.order) await deployment.up(name);
    expect(deployment.output('migrate')).toContain('kmip_gateway_login');
  });

  it('belongs to an owner who is no superuser, and whom nobody serves as', async () => {
    const owner = ['kmip_owner_login'];
    expect(await column(`SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'kmip'`)).toEqual(owner);
    expect(await column(`SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'`)).toEqual(owner);
    expect(await column('SELECT rolname FROM pg_roles WHERE rolsuper')).toEqual(['kmip']);
    const sessions = `SELECT DISTINCT usename FROM pg_stat_activity
      WHERE datname = 'kmip' AND pid <> pg_backend_pid() AND usename IS NOT NULL ORDER BY usename`;
    expect(await column(sessions)).toEqual(['kmip_api_login', 'kmip_gateway_login']);
  });

  it.each(SERVING)('gives %s what it needs and no more: it warns of nothing and fails at nothing', (name) => {
    const lines = deployment
      .output(name)
      .split('\n')
      .filter((line) => /"level":(?:[456]0|"(?:warn|error|fatal)")/.test(line));
    expect(lines).toEqual([]);
  });

  it('can be migrated again while it serves', async () => {
    await deployment.up('migrate');
    for (const name of SERVING) {
      const answer = await fetch(`http://127.0.0.1:${String(deployment.portOf(name, 'health'))}/readyz`);
      expect([name, answer.status]).toEqual([name, 200]);
    }
  });
});
