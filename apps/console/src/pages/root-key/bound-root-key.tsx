import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { rootKeyQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { Copyable } from '../../components/copyable';
import { Empty } from '../../components/empty';
import { Facts } from '../../components/facts';
import { Guard } from '../../components/guard';
import { Loaded } from '../../components/loaded';
import { Notice } from '../../components/notice';
import { isAbsent } from '../../components/optional';
import { Original } from '../../components/original';
import { ProblemView } from '../../components/problem-view';
import { Status, type Tone } from '../../components/status';
import { CalendarDay, Moment } from '../../components/times';
import { useWords } from '../../i18n/words';
import { HealthView } from '../overview/health-view';
import { MoveProgress } from './move-progress';
import { Preflight } from './preflight';
import { rootKeyIdOf } from './root-key-id';

type RootKey = Schemas['InstanceRootKey'];

const TONES: Readonly<Record<RootKey['status'], Tone>> = {
  available: 'good',
  rewrapping: 'busy',
  rewrapping_paused: 'paused',
  rewrapping_hindered: 'warning',
  unavailable: 'bad',
  unverified: 'unknown',
};

export function BoundRootKey() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const query = useQuery(rootKeyQuery(instance.id));
  if (isAbsent(query.error)) {
    return (
      <Empty title={t('rootKey.none.title')}>
        <p>{t('rootKey.none.text')}</p>
        {instance.proposed_root_key_crn !== undefined && (
          <p>
            {t('rootKey.none.proposed')} <code>{instance.proposed_root_key_crn}</code>
          </p>
        )}
      </Empty>
    );
  }
  return (
    <Loaded query={query} failed={t('rootKey.unreadable')}>
      {(rootKey) => <Bound rootKey={rootKey} />}
    </Loaded>
  );
}

function Bound({ rootKey }: { readonly rootKey: RootKey }) {
  const { t } = useTranslation();
  return (
    <div className="k-form">
      {rootKey.provider_ends_on !== undefined && <ProviderEnds on={rootKey.provider_ends_on} />}
      <Facts
        facts={[
          [
            t('rootKey.status'),
            <Status key="s" tone={TONES[rootKey.status]}>
              {t(`rootKey.statuses.${rootKey.status}`)}
            </Status>,
          ],
          rootKey.message !== undefined && [t('rootKey.because'), <Because key="m" message={rootKey.message} />],
          [t('rootKey.provider'), t(`provider.${rootKey.provider}`)],
          [t('rootKey.id'), <Copyable key="i" what={t('rootKey.id')} text={rootKeyIdOf(rootKey.crn)} />],
          [t('overview.about.crn'), <Copyable key="c" what={t('overview.about.crn')} text={rootKey.crn} />],
          [t('rootKey.visibility'), t(`rootKey.visibilities.${rootKey.endpoint_visibility}`)],
          [
            t('rootKey.verified'),
            <Moment
              key="v"
              {...(rootKey.verified_at === undefined ? { at: undefined } : { at: rootKey.verified_at })}
            />,
          ],
        ]}
      />
      <HealthView health={rootKey.health} />
      {rootKey.rotation && (
        <div className="k-card" role="group" aria-label={t('rootKey.rotation.title')}>
          <h3 className="k-card__title">{t('rootKey.rotation.title')}</h3>
          <MoveProgress
            state={rootKey.rotation.state}
            left={rootKey.rotation.keys_left}
            total={rootKey.rotation.keys_total}
            progress={rootKey.rotation.progress}
            message={rootKey.rotation.message}
          />
        </div>
      )}
      <Rotate rootKeyId={rootKeyIdOf(rootKey.crn)} provider={rootKey.provider} />
      <CheckNow beside={<Unbind rootKey={rootKey} />} />
    </div>
  );
}

function ProviderEnds({ on }: { readonly on: string }) {
  const { t } = useTranslation();
  return (
    <Notice kind="warning" title={t('rootKey.ends.title')}>
      <p>
        <CalendarDay at={on} />: {t('rootKey.ends.text')}
      </p>
    </Notice>
  );
}

/** Rotating is done where the root key lies; the service sees it by itself. */
function Rotate({ rootKeyId, provider }: { readonly rootKeyId: string; readonly provider: RootKey['provider'] }) {
  const { t } = useTranslation();
  return (
    <div>
      <p>{t('rootKey.rotate.text', { provider: t(`provider.${provider}`) })}</p>
      <Copyable what={t('rootKey.rotate.command')} text={`ibmcloud kp key rotate ${rootKeyId}`} />
    </div>
  );
}

function CheckNow({ beside }: { readonly beside: ReactNode }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const check = useChange(instance.id, ['root_key', 'instance'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/root_key_checks', {
        params: { path: { instance_id: instance.id } },
        body: {},
      }),
    ),
  );
  return (
    <>
      <div className="k-actions">
        <ActionButton
          kind="tertiary"
          size="md"
          verdict={may('root-key.check')}
          disabled={check.isPending}
          onClick={() => check.mutate()}
        >
          {check.isPending ? t('preflight.running') : t('preflight.run')}
        </ActionButton>
        {beside}
      </div>
      {check.isError && <ProblemView problem={asProblem(check.error)} title={t('preflight.failed')} />}
      {check.data && <Preflight check={check.data} />}
    </>
  );
}

function Unbind({ rootKey }: { readonly rootKey: RootKey }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [asked, setAsked] = useState(false);
  const unbind = useChange(instance.id, ['root_key', 'instance'], () =>
    answerOf(
      api.DELETE('/v1/instances/{instance_id}/root_key', {
        params: { path: { instance_id: instance.id }, header: { 'If-Match': `"${rootKey.etag}"` } },
      }),
    ),
  );
  return (
    <>
      <ActionButton size="md" kind="danger--ghost" verdict={may('root-key.unset')} onClick={() => setAsked(true)}>
        {t('rootKey.unbind.act')}
      </ActionButton>
      {asked && (
        <Guard
          title={t('rootKey.unbind.act')}
          act={t('rootKey.unbind.act')}
          name={instance.name}
          change={unbind}
          onClose={() => setAsked(false)}
        >
          <p>{t('rootKey.unbind.text')}</p>
        </Guard>
      )}
    </>
  );
}

/** What the last check found: `root_key_wrap: …`. */
function Because({ message }: { readonly message: string }) {
  const { i18n } = useTranslation();
  const said = useWords();
  const [, step = ''] = /^([a-z_]+): /.exec(message) ?? [];
  const purpose = said('check_purpose', step, message);
  if (i18n.language === 'en' || purpose.lang !== undefined) return <span lang="en">{message}</span>;
  return (
    <>
      {i18n.t(['words.last_check'], { purpose: purpose.text, defaultValue: message })}
      <Original text={message} />
    </>
  );
}
