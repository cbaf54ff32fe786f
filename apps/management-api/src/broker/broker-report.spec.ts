import { type InstanceId } from '@lib/kernel';
import { type Logger, Metrics } from '@lib/observability';

import { BrokerReport } from './broker-report';

const logger = { debug: () => undefined, error: () => undefined } as unknown as Logger;
const ids = (count: number): InstanceId[] => Array.from({ length: count }, (_, index) => `i${index}` as InstanceId);

describe('BrokerReport', () => {
  const findings = async (metrics: Metrics): Promise<string[]> =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith('kmip_platform_instances{'));

  it('tells in numbers what the last comparison with the platform found', async () => {
    const metrics = new Metrics();
    const report = new BrokerReport(metrics, logger);
    report.reconciled({ checked: 9, orphans: ids(3), shouldBeDisabled: ids(1), undecided: 0, blind: false });
    report.reconciled({ checked: 8, orphans: ids(2), shouldBeDisabled: [], undecided: 1, blind: false });
    expect(await findings(metrics)).toEqual([
      'kmip_platform_instances{finding="checked"} 8',
      'kmip_platform_instances{finding="orphaned"} 2',
      'kmip_platform_instances{finding="should_be_disabled"} 0',
      'kmip_platform_instances{finding="undecided"} 1',
    ]);
  });

  it('knows nothing of any instance when the platform showed none', async () => {
    const metrics = new Metrics();
    new BrokerReport(metrics, logger).reconciled({
      checked: 8,
      orphans: [],
      shouldBeDisabled: [],
      undecided: 0,
      blind: true,
    });
    expect(await findings(metrics)).toContain('kmip_platform_instances{finding="undecided"} 8');
  });
});
