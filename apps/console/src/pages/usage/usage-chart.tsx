import '@carbon/charts/styles.css';

import { type AreaChartOptions, ScaleTypes } from '@carbon/charts';
import { AreaChart } from '@carbon/charts-react';

import { type Schemas } from '../../api/schema';
import { type CarbonTheme } from '../../app/theme';

interface UsageChartProps {
  readonly records: readonly Schemas['InstanceUsageRecord'][];
  readonly label: string;
  readonly theme: CarbonTheme;
  readonly language: string;
}

/** Without Carbon's toolbar: the table below and the file say the same, and its menu cannot be reached by everybody. */
export function UsageChart({ records, label, theme, language }: UsageChartProps) {
  const data = records.map(({ started_at, live_keys }) => ({ group: label, date: started_at, value: live_keys }));
  const options: AreaChartOptions = {
    theme,
    height: '20rem',
    toolbar: { enabled: false },
    legend: { enabled: false },
    accessibility: { svgAriaLabel: label },
    locale: { code: language },
    axes: {
      bottom: { mapsTo: 'date', scaleType: ScaleTypes.TIME },
      left: { mapsTo: 'value', scaleType: ScaleTypes.LINEAR, includeZero: true },
    },
  };
  return <AreaChart data={data} options={options} />;
}
