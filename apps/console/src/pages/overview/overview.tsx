import { useTranslation } from 'react-i18next';

import { useInstance } from '../../app/instance-layout';
import { Columns } from '../../components/columns';
import { Copyable } from '../../components/copyable';
import { Facts } from '../../components/facts';
import { InstanceState } from '../../components/instance-state';
import { Page, Section } from '../../components/page';
import { Moment } from '../../components/times';
import { Ahead } from './ahead';
import { Endpoints } from './endpoints';
import { Glance } from './glance';
import { HealthView } from './health-view';
import { NextStep } from './next-step';

export function OverviewPage() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  return (
    <Page
      title={instance.name}
      crumbs={[{ to: '/', text: t('instances.title') }]}
      tag={<InstanceState state={instance.state} />}
    >
      <NextStep instance={instance} />
      <Glance />
      <Columns>
        <div>
          <Section title={t('overview.health.title')} intro={t('overview.health.intro')}>
            <HealthView health={instance.health} />
          </Section>
          <Section title={t('overview.endpoints.title')} intro={t('overview.endpoints.intro')}>
            <Endpoints endpoints={instance.endpoints} />
          </Section>
        </div>
        <div>
          <Section title={t('overview.ahead.title')} intro={t('overview.ahead.intro')}>
            <Ahead />
          </Section>
          <Section title={t('overview.about.title')}>
            <Facts
              facts={[
                [t('overview.about.crn'), <Copyable key="crn" what={t('overview.about.crn')} text={instance.crn} />],
                [t('overview.about.region'), instance.region],
                [t('overview.about.created'), <Moment key="created" at={instance.created_at} />],
                [t('overview.about.updated'), <Moment key="updated" at={instance.updated_at} />],
              ]}
            />
          </Section>
        </div>
      </Columns>
    </Page>
  );
}
