import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { FakeIam, startTestPostgres, type TestDatabase } from '@lib/testing';

import { type BrokerApp, BROKER_CRN, PASSWORD, startBrokerApp, USERNAME } from '../../test/broker-app';

jest.setTimeout(120_000);

/** A checker of the specification's rules that lies beside the repository, not in it. */
const cases = process.env['KMIP_TESTCASES_DIR'] ?? resolve(__dirname, '../../../../../shared/data/kmip');
const checker = join(dirname(dirname(cases)), 'tools/osb/osb-check.mjs');

interface Report {
  readonly fatal: string | null;
  readonly results: readonly { readonly name: string; readonly ok: boolean; readonly why: string | null }[];
}

(existsSync(checker) ? describe : describe.skip)('the Open Service Broker specification, by an outside checker', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let broker: BrokerApp;

  beforeAll(async () => {
    database = await startTestPostgres();
    iam = await FakeIam.start();
    broker = await startBrokerApp(await database.openDataSource({ role: 'api' }), iam);
  });
  afterAll(async () => {
    await broker.close();
    await iam.stop();
    await database.close();
  });

  it.each([
    ['basic', () => Promise.resolve(['--user', USERNAME, '--password', PASSWORD])],
    [
      'bearer-crn',
      async () => {
        const iamId = `crn-${BROKER_CRN}`;
        return ['--bearer', await iam.token({ iamId, claims: { id: iamId, sub_type: 'CRN' } })];
      },
    ],
  ])('every check passes with %s authentication', async (_scheme, credentials) => {
    const argv = [checker, broker.url, '--json', ...(await credentials())];
    const { stdout } = await promisify(execFile)(process.execPath, argv, { maxBuffer: 16_777_216 }).catch(
      (error: unknown) => error as { stdout: string },
    );
    const report = JSON.parse(stdout) as Report;
    expect(report.fatal).toBeNull();
    expect(report.results.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.results.length).toBeGreaterThanOrEqual(150);
    expect(broker.failures).toEqual([]);
  });
});
