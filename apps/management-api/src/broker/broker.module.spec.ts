import { brokerConfig, brokerModule, type BrokerSurroundings } from '../../test/broker-app';
import { MeteringDuty } from './duties/metering.duty';
import { ReconciliationDuty } from './duties/reconciliation.duty';

/** Nothing is asked of the database while the modules are put together. */
const dataSource = Object.create(null) as BrokerSurroundings['dataSource'];
const compiled = (environment: Readonly<Record<string, string>> = {}) =>
  brokerModule({ dataSource, config: brokerConfig(environment) }).compile();

const PLATFORM = {
  USAGE_METERING_URL: 'https://metering.example.com',
  GLOBAL_CATALOG_URL: 'https://catalog.example.com',
  BROKER_RECONCILE: 'on',
} as const;

describe('BrokerModule', () => {
  it.each(Object.entries(PLATFORM))('does not start with %s and without a key to call the platform', async (...one) => {
    await expect(compiled(Object.fromEntries([one]))).rejects.toMatchObject({
      code: 'broker_misconfigured',
      message: 'USAGE_METERING_URL, GLOBAL_CATALOG_URL and BROKER_RECONCILE need SERVICE_API_KEY',
    });
  });

  it.each([{ BROKER_USERNAME: 'broker' }, { BROKER_PASSWORD: 'secret-of-the-test' }])(
    'does not start with half of basic authentication: %p',
    async (half) => {
      await expect(compiled(half)).rejects.toMatchObject({
        code: 'broker_misconfigured',
        message: 'BROKER_USERNAME and BROKER_PASSWORD are set together or not at all',
      });
    },
  );

  it('compares instances with the platform only where it is told to, and always records usage', async () => {
    const alone = await compiled();
    expect([alone.get(ReconciliationDuty), alone.get(MeteringDuty)]).toEqual([undefined, expect.any(MeteringDuty)]);
    const watched = await compiled({ ...PLATFORM, SERVICE_API_KEY: 'key-of-the-service-id' });
    expect(watched.get(ReconciliationDuty)).toBeInstanceOf(ReconciliationDuty);
  });
});
