import { Download } from '@carbon/icons-react';
import { Button, Select, SelectItem } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { usageQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { useTheme } from '../../app/theme';
import { download } from '../../components/download';
import { Empty } from '../../components/empty';
import { InstancePage } from '../../components/instance-page';
import { Loaded, Waiting } from '../../components/loaded';
import { type Column, Rows } from '../../components/rows';
import { CalendarDay, useTimes } from '../../components/times';
import { csvOf } from './csv';

type Usage = Schemas['InstanceUsageRecord'];

/** Drawing takes half as much again as everything else: it is fetched when somebody looks at it. */
const UsageChart = lazy(async () => ({ default: (await import('./usage-chart')).UsageChart }));

const PERIODS = [30, 90, 365] as const;

export function UsagePage() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const id = useId();
  const [days, setDays] = useState<number>(PERIODS[0]);
  const query = useQuery(usageQuery(instance.id, days));
  const file = (): void => download(`usage-${instance.name}.csv`, csvOf(query.data ?? []), 'text/csv');
  return (
    <InstancePage
      title={t('nav.usage')}
      intro={<p>{t('usage.intro')}</p>}
      actions={
        <Button size="md" renderIcon={Download} disabled={!query.data} onClick={file}>
          {t('usage.csv')}
        </Button>
      }
    >
      <div className="k-filters">
        <Select
          id={id}
          labelText={t('usage.period')}
          value={String(days)}
          onChange={({ target }) => setDays(Number(target.value))}
        >
          {PERIODS.map((period) => (
            <SelectItem key={period} value={String(period)} text={t('usage.days', { count: period })} />
          ))}
        </Select>
      </div>
      <Loaded query={query} failed={t('usage.unreadable')}>
        {(records) => (records.length === 0 ? <Nothing /> : <Shown records={records} />)}
      </Loaded>
    </InstancePage>
  );
}

function Nothing() {
  const { t } = useTranslation();
  return (
    <Empty title={t('usage.empty.title')}>
      <p>{t('usage.empty.text')}</p>
    </Empty>
  );
}

function Shown({ records }: { readonly records: readonly Usage[] }) {
  const { t, i18n } = useTranslation();
  const { number } = useTimes();
  const { theme } = useTheme();
  const columns: readonly Column<Usage>[] = [
    { key: 'day', header: t('usage.day'), cell: ({ started_at }) => <CalendarDay at={started_at} /> },
    { key: 'keys', header: t('usage.keys'), numeric: true, cell: ({ live_keys }) => number(live_keys) },
    {
      key: 'certificates',
      header: t('usage.certificates'),
      numeric: true,
      cell: ({ client_certificates }) => number(client_certificates),
    },
  ];
  return (
    <>
      <Suspense fallback={<Waiting lines={8} />}>
        <UsageChart records={records} label={t('usage.keys')} theme={theme} language={i18n.language} />
      </Suspense>
      <Rows label={t('nav.usage')} columns={columns} rows={records} idOf={({ id }) => id} />
    </>
  );
}
