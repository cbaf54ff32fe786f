import { useQuery } from '@tanstack/react-query';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';

import { keyQuery } from '../../api/queries';
import { type Key } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Columns } from '../../components/columns';
import { Copyable } from '../../components/copyable';
import { type Fact, Facts } from '../../components/facts';
import { InstancePage } from '../../components/instance-page';
import { Loaded } from '../../components/loaded';
import { NeedsRole } from '../../components/needs-role';
import { useNow } from '../../components/now';
import { Section } from '../../components/page';
import { Rows } from '../../components/rows';
import { Status } from '../../components/status';
import { Moment, When } from '../../components/times';
import { useWords } from '../../i18n/words';
import { Fetches } from './fetches';
import { KeyActions } from './key-actions';
import { KeyState } from './key-state';
import { Served } from './keys';
import { calledOf, OwnerName } from './owner';
import { timelineOf } from './timeline';

export function KeyPage() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const { key: id = '' } = useParams();
  const verdict = may('key.read');
  const query = useQuery({ ...keyQuery(instance.id, id), enabled: verdict.allowed });
  return (
    <InstancePage
      title={query.data ? calledOf(query.data) : t('key.title')}
      crumbs={[{ to: 'keys', text: t('nav.keys') }]}
      tag={query.data && <KeyState of={query.data} />}
      actions={query.data && <KeyActions of={query.data} />}
    >
      {verdict.allowed ? (
        <Loaded query={query} failed={t('key.unreadable')}>
          {(key) => <Details of={key} />}
        </Loaded>
      ) : (
        <NeedsRole verdict={verdict} />
      )}
    </InstancePage>
  );
}

function Details({ of: key }: { readonly of: Key }) {
  const { t } = useTranslation();
  return (
    <>
      <Obstacle of={key} />
      <Columns>
        <div>
          <Facts facts={useFacts(key)} />
          <Section title={t('key.timeline.title')} intro={t('key.timeline.intro')}>
            <Timeline of={key} />
          </Section>
          <Section title={t('key.custody.title')} intro={t('key.custody.intro')}>
            <Custody of={key} />
          </Section>
        </div>
        <div>
          <Section title={t('key.fetches.title')} intro={t('key.fetches.intro')}>
            <Fetches of={key} />
          </Section>
          {key.attributes.length > 0 && (
            <Section title={t('key.attributes.title')} intro={t('key.attributes.intro')}>
              <Rows
                label={t('key.attributes.title')}
                columns={[
                  { key: 'name', header: t('key.attributes.name'), cell: ({ name }) => <code>{name}</code> },
                  { key: 'value', header: t('key.attributes.value'), cell: ({ value }) => value },
                ]}
                rows={key.attributes}
                idOf={({ name, index }) => `${name} ${String(index)}`}
              />
            </Section>
          )}
        </div>
      </Columns>
    </>
  );
}

function Obstacle({ of: { unservable } }: { readonly of: Key }) {
  const { t } = useTranslation();
  const said = useWords();
  if (unservable === undefined) return null;
  const cause = said('obstacle', unservable.code, unservable.message);
  const remedy = said('obstacle_remedy', unservable.code, unservable.remedy);
  return (
    <div className="k-card k-card--warning k-first" role="group" aria-label={t('key.notServed')}>
      <p lang={cause.lang}>{cause.text}</p>
      <p>
        <strong>{t('common.remedy')}</strong> <span lang={remedy.lang}>{remedy.text}</span>
      </p>
    </div>
  );
}

function useFacts(key: Key): readonly Fact[] {
  const { t } = useTranslation();
  return [
    [t('key.owner'), <OwnerName key="o" owner={key.owner} />],
    [t('key.identifier'), <Copyable key="i" what={t('key.identifier')} text={key.id} />],
    key.name !== key.id && [t('key.name'), <Copyable key="n" what={t('key.name')} text={key.name} />],
    [t('key.served'), <Served key="s" of={key} />],
    [t('key.algorithm'), `${key.algorithm.toUpperCase()} ${String(key.length)}`],
    [t('key.creator'), key.created_by.name ?? <code key="c">{key.created_by.sha256_fingerprint}</code>],
  ];
}

function Timeline({ of: key }: { readonly of: Key }) {
  const { t } = useTranslation();
  const now = useNow();
  return (
    <ol className="k-timeline">
      {timelineOf(key, now).map(({ event, at, ahead }) => (
        <li key={event} className={ahead ? 'k-timeline--ahead' : ''}>
          <span>{t(`key.timeline.${event}`)}</span>
          <span className="k-quiet">
            <Moment at={at} /> · <When at={at} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function Custody({ of: { custody } }: { readonly of: Key }): ReactNode {
  const { t } = useTranslation();
  const { instance } = useInstance();
  if (custody === undefined) return <p className="k-quiet">{t('key.custody.none')}</p>;
  const moving = custody.move_state !== 'none';
  return (
    <Facts
      facts={[
        [t('key.custody.stored'), <Copyable key="s" what={t('key.custody.stored')} text={custody.stored_key_id} />],
        [
          t('nav.root-key'),
          <Link key="r" className="cds--link" to={`/instances/${instance.id}/root-key`}>
            {custody.root_key_id}
          </Link>,
        ],
        [t('key.custody.version'), <code key="v">{custody.root_key_version}</code>],
        moving && [
          t('key.custody.move'),
          <Status key="m" tone={custody.move_state === 'moving' ? 'busy' : 'warning'}>
            {t(`move.state.${custody.move_state === 'none' ? 'moving' : custody.move_state}`)}
          </Status>,
        ],
      ]}
    />
  );
}
