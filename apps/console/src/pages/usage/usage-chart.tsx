import '@carbon/charts/styles.css';

import { type LineChartOptions, ScaleTypes } from '@carbon/charts';
import { LineChart } from '@carbon/charts-react';

import { type Schemas } from '../../api/schema';
import { type CarbonTheme } from '../../app/theme';
import { dayOf } from '../../components/day-of';
import { useTimes } from '../../components/times';
import { namedOf, topOf, wholesUpTo } from './scale';

interface UsageChartProps {
  /** The newest first. */
  readonly records: readonly Schemas['InstanceUsageRecord'][];
  readonly label: string;
  readonly theme: CarbonTheme;
  readonly language: string;
}

/** More points than that are a line of their own. */
const MAXIMUM_POINTS = 90;

/** Without Carbon's toolbar: the table below and the file say the same, and its menu cannot be reached by everybody. */
export function UsageChart({ records, label, theme, language }: UsageChartProps) {
  const { day, number } = useTimes();
  const data = records.toReversed().map(({ started_at, live_keys }) => ({
    group: label,
    date: dayOf(started_at),
    value: live_keys,
  }));
  const top = topOf(records.map(({ live_keys }) => live_keys));
  const options: LineChartOptions = {
    theme,
    height: '20rem',
    // Carbon does not ask whether the reader wants less motion; these lines have nothing to say by moving.
    animations: false,
    toolbar: { enabled: false },
    legend: { enabled: false },
    accessibility: { svgAriaLabel: label },
    locale: { code: language },
    points: { enabled: data.length <= MAXIMUM_POINTS, radius: 3, filled: true },
    timeScale: { addSpaceOnEdges: 0 },
    axes: {
      bottom: {
        mapsTo: 'date',
        scaleType: ScaleTypes.TIME,
        // Whole days: Carbon would add the time of day.
        ticks: {
          values: [...namedOf(data.map(({ date }) => date))],
          formatter: (tick: number | Date) => day(new Date(tick)),
        },
      },
      left: {
        mapsTo: 'value',
        scaleType: ScaleTypes.LINEAR,
        domain: [0, top],
        ticks: { values: [...wholesUpTo(top)], formatter: (tick: number | Date) => number(Number(tick)) },
      },
    },
  };
  return (
    <div className="k-chart">
      <LineChart data={data} options={options} />
    </div>
  );
}
