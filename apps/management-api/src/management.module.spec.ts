import { createLogger, HealthServer } from '@lib/observability';
import { quietly, RegionDatabase, RestoreWatch, SERVICE_KEYRING, TenantKeyManagers } from '@lib/platform';
import { Test } from '@nestjs/testing';

import { testConfig } from '../test/test-config';
import { databaseOn, type DataSource, NO_RESTORE, TEST_KEYRING } from '../test/tenant-api-module';
import { MeteringDuty } from './broker/duties/metering.duty';
import { OperationsDuty } from './broker/duties/operations.duty';
import { RetentionDuty } from './broker/duties/retention.duty';
import { Chores } from './housekeeping/chores';
import { SpaceAdapter } from './http/space-adapter';
import { ManagementModule } from './management.module';
import { RepeatedReads } from './tenant-api/audit/repeated-reads';
import { CertificateIssuer } from './tenant-api/client-certificates/certificate-issuer';

describe('ManagementModule', () => {
  it('stops what serves before what is served from', async () => {
    const stopped: string[] = [];
    const stop = (name: string) => () => {
      stopped.push(name);
      return Promise.resolve();
    };
    const config = testConfig();
    const dataSource = Object.create(null) as DataSource;
    const health = { drain: stop('drain'), close: stop('health'), addCheck: () => undefined };
    const replaced = [
      [HealthServer, health],
      [SERVICE_KEYRING, TEST_KEYRING],
      [RegionDatabase, { ...databaseOn(dataSource), close: stop('database') }],
      [RestoreWatch, { ...NO_RESTORE, stop: stop('restore watch') }],
      [TenantKeyManagers, { start: () => undefined, stop: stop('key managers') }],
      [RepeatedReads, { start: () => undefined, stop: stop('counted reads') }],
      [Chores, { stop: stop('chores') }],
      [OperationsDuty, { onApplicationShutdown: stop('duty') }],
      [MeteringDuty, { onApplicationShutdown: stop('duty') }],
      [RetentionDuty, { onApplicationShutdown: stop('duty') }],
      [CertificateIssuer, {}],
    ] as const;
    const logger = createLogger({ level: 'silent', name: 'test' });
    const builder = Test.createTestingModule({ imports: [ManagementModule.forRoot(config, logger)] });
    for (const [token, value] of replaced) builder.overrideProvider(token).useValue(value);
    const adapter = new SpaceAdapter();
    adapter.getInstance().addHook('onClose', stop('http'));
    const app = (await builder.compile()).createNestApplication(adapter, quietly({ bodyParser: false }));
    await app.init();
    await app.close();
    expect(stopped).toEqual([
      'drain',
      'http',
      'duty',
      'duty',
      'duty',
      'chores',
      'counted reads',
      'key managers',
      'restore watch',
      'database',
      'health',
    ]);
  });
});
