import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { kmipCredentialsQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { Copyable } from '../../components/copyable';
import { Facts } from '../../components/facts';
import { Guard } from '../../components/guard';
import { Loaded } from '../../components/loaded';
import { NeedsRole } from '../../components/needs-role';
import { Notice } from '../../components/notice';
import { ProblemView } from '../../components/problem-view';
import { When } from '../../components/times';

type Credential = Schemas['InstanceKmipCredential'];

/** User name and password that prove whose a vCenter is: issued, shown once, and taken back. */
export function KmipPassword() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const verdict = may('kmip-credential.read');
  const query = useQuery({ ...kmipCredentialsQuery(instance.id), enabled: verdict.allowed });
  const issue = useChange(instance.id, ['kmip_credentials'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/kmip_credentials', {
        params: { path: { instance_id: instance.id } },
      }),
    ),
  );
  if (!verdict.allowed) return <NeedsRole verdict={verdict} />;
  return (
    <div className="k-form">
      <Loaded query={query}>
        {(credentials) => (
          <ul className="k-list">
            {credentials.length === 0 && <li>{t('connect.prove.none')}</li>}
            {credentials.map((credential) => (
              <CredentialRow key={credential.id} credential={credential} />
            ))}
          </ul>
        )}
      </Loaded>
      {issue.data && <Issued credential={issue.data} />}
      {issue.isError && <ProblemView problem={asProblem(issue.error)} title={t('connect.prove.failed')} />}
      <ActionButton
        kind="tertiary"
        verdict={may('kmip-credential.create')}
        disabled={issue.isPending}
        onClick={() => issue.mutate()}
      >
        {issue.isPending ? t('common.working') : t('connect.prove.issue')}
      </ActionButton>
    </div>
  );
}

function Issued({ credential }: { readonly credential: Credential }) {
  const { t } = useTranslation();
  return (
    <div className="k-card k-card--warning" role="group" aria-label={t('connect.prove.issued')}>
      <Notice kind="warning" title={t('connect.prove.issued')} text={t('connect.prove.issuedText')} />
      <Facts
        facts={[
          [t('connect.prove.user'), <Copyable key="u" what={t('connect.prove.user')} text={credential.username} />],
          [
            t('connect.prove.password'),
            <Copyable key="p" what={t('connect.prove.password')} text={credential.password ?? ''} />,
          ],
        ]}
      />
    </div>
  );
}

function CredentialRow({ credential: { id, username, created_at } }: { readonly credential: Credential }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [asked, setAsked] = useState(false);
  const remove = useChange(instance.id, ['kmip_credentials'], () =>
    answerOf(
      api.DELETE('/v1/instances/{instance_id}/kmip_credentials/{id}', {
        params: { path: { instance_id: instance.id, id }, query: { confirm: instance.name } },
      }),
    ),
  );
  return (
    <li>
      <span>
        <code>{username}</code>{' '}
        <span className="k-quiet">
          {t('connect.prove.issuedAt')} <When at={created_at} />
        </span>
      </span>
      <ActionButton
        kind="danger--ghost"
        size="sm"
        verdict={may('kmip-credential.delete')}
        onClick={() => setAsked(true)}
      >
        {t('connect.prove.delete')}
      </ActionButton>
      {asked && (
        <Guard
          title={t('connect.prove.deleteTitle')}
          act={t('connect.prove.delete')}
          name={instance.name}
          change={remove}
          onClose={() => setAsked(false)}
        >
          <p>{t('connect.prove.deleteText')}</p>
        </Guard>
      )}
    </li>
  );
}
