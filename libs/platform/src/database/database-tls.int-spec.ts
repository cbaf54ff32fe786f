import { randomInt } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { type EmbeddedPostgres, startEmbeddedPostgres } from '@lib/embedded-postgres';
import { Secret } from '@lib/kernel';
import { createDataSource } from '@lib/persistence';
import { issueCertificateAuthority, issueServerCertificate } from '@lib/pki';
import { Client } from 'pg';

import { databaseConnection } from './database-connection';

/** An address of this machine that nobody else's PostgreSQL listens on. */
const ADDRESS = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
/** So that the pool's role may see what its own connection is. */
const GRANT_STATISTICS = 'GRANT pg_read_all_stats TO kmip_app';
const PASSWORD = 'a password over the network';

/** The product's pool over the network to a real server with TLS. */
describe('TLS to PostgreSQL', () => {
  let folder: string;
  let server: EmbeddedPostgres;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kmip-pg-tls-'));
    // The server of root runs under another account.
    await chmod(folder, 0o755);
    const hba = join(folder, 'hba.conf');
    await writeFile(hba, 'local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n', { mode: 0o644 });
    const dataFolder = join(folder, 'data');
    const settings = [`listen_addresses=${ADDRESS}`, `hba_file=${hba}`];
    server = await startEmbeddedPostgres({ dataFolder, log: () => undefined, durable: false, settings });
    await asAdmin(
      `ALTER USER ${server.connection.user} PASSWORD '${PASSWORD}'`,
      'CREATE ROLE kmip_app',
      GRANT_STATISTICS,
    );
  });

  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function asAdmin(...statements: readonly string[]): Promise<void> {
    const client = new Client(server.connection);
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  }

  /** As a new connection finds it. */
  async function setting(name: string): Promise<string> {
    const client = new Client(server.connection);
    await client.connect();
    const { rows } = await client.query<{ value: string }>('SELECT current_setting($1) AS value', [name]);
    await client.end();
    return rows[0]?.value ?? '';
  }

  /** @returns the file of the CA that signed what the server presents from now on */
  async function present(names: { dnsNames: string[]; ipAddresses: string[] }, name: string): Promise<string> {
    const authority = await issueCertificateAuthority({ commonName: name, validDays: 2 });
    const ca = { certificatePem: authority.certificatePem, privateKeyPem: authority.privateKeyPem };
    const issued = await issueServerCertificate(ca, { commonName: name, validDays: 1, ...names });
    const own = join(folder, name);
    await mkdir(own, { mode: 0o755 });
    const files = { ca: join(own, 'ca.crt'), certificate: join(own, 'server.crt'), key: join(own, 'server.key') };
    await writeFile(files.ca, authority.certificatePem);
    await writeFile(files.certificate, issued.certificatePem);
    await writeFile(files.key, issued.privateKeyPem.expose(), { mode: 0o600 });
    const { uid, gid } = await stat(join(folder, 'data', 'cluster'));
    await chown(files.key, uid, gid);
    await asAdmin(
      `ALTER SYSTEM SET ssl_cert_file = '${files.certificate}'`,
      `ALTER SYSTEM SET ssl_key_file = '${files.key}'`,
      'ALTER SYSTEM SET ssl = on',
      'SELECT pg_reload_conf()',
    );
    while ((await setting('ssl_cert_file')) !== files.certificate) await delay(10);
    return files.ca;
  }

  const urlOf = (parameters: string, host = ADDRESS): Secret => {
    const { user, database } = server.connection;
    return Secret.fromText(`postgres://${user}:${encodeURIComponent(PASSWORD)}@${host}/${database}?${parameters}`);
  };

  /** @returns the version of TLS of the session, or undefined when it has none */
  async function versionOver(url: Secret): Promise<string | undefined> {
    const dataSource = createDataSource(databaseConnection(url), {
      applicationName: 'tls-test',
      role: 'login',
      poolSize: 1,
    });
    try {
      await dataSource.initialize();
      const [row] = await dataSource.query<{ version: string | null }[]>(
        'SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      );
      return row?.version ?? undefined;
    } finally {
      if (dataSource.isInitialized) await dataSource.destroy();
    }
  }

  it('does not go on in the clear where the server offers none', async () => {
    await expect(versionOver(urlOf('sslmode=verify-full'))).rejects.toThrow('does not support SSL');
    expect(await versionOver(urlOf('sslmode=disable'))).toBeUndefined();
    expect(await versionOver(urlOf(''))).toBeUndefined();
  });

  describe('with a certificate', () => {
    let ca: string;
    let otherCa: string;

    beforeAll(async () => {
      otherCa = await present({ dnsNames: ['elsewhere.example.com'], ipAddresses: ['192.0.2.1'] }, 'other');
      ca = await present({ dnsNames: [], ipAddresses: [ADDRESS] }, 'right');
    });

    it.each(['require', 'verify-ca', 'verify-full'])('is checked under sslmode=%s', async (mode) => {
      expect(await versionOver(urlOf(`sslmode=${mode}&sslrootcert=${ca}`))).toMatch(/^TLSv1\.[23]$/);
      await expect(versionOver(urlOf(`sslmode=${mode}&sslrootcert=${otherCa}`))).rejects.toThrow(
        /unable to verify|self-signed|issuer/,
      );
      await expect(versionOver(urlOf(`sslmode=${mode}`))).rejects.toThrow(/unable to verify|self-signed|issuer/);
    });

    it('must name the host', async () => {
      const ofElsewhere = await present({ dnsNames: ['localhost'], ipAddresses: ['192.0.2.1'] }, 'elsewhere');
      const url = urlOf(`sslmode=verify-full&sslrootcert=${ofElsewhere}`);
      await expect(versionOver(url)).rejects.toThrow(/altnames/);
    });
  });

  it.each(['db.example.com', '10.0.0.1', '[2001:db8::1]', '127.example.com'])(
    'is what %s must speak unless it is waived',
    (host) => {
      expect(databaseConnection(urlOf('', host))).toMatchObject({ tls: { host: host.replace(/^\[|\]$/g, '') } });
      expect(databaseConnection(urlOf('sslmode=disable', host))).toMatchObject({ tls: false });
    },
  );

  it('says which file is missing, and no more', () => {
    const url = urlOf(`sslrootcert=${join(folder, 'nothing.crt')}`, 'db.example.com');
    expect(() => databaseConnection(url)).toThrow(/^DATABASE_URL: the file .+nothing\.crt cannot be read$/);
  });
});
