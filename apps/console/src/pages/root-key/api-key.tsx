import { type UseMutationResult, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { credentialQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { Copyable } from '../../components/copyable';
import { Facts } from '../../components/facts';
import { Guard } from '../../components/guard';
import { Loaded } from '../../components/loaded';
import { NeedsRole } from '../../components/needs-role';
import { isAbsent } from '../../components/optional';
import { ProblemView } from '../../components/problem-view';
import { SecretField } from '../../components/secret-field';
import { Moment } from '../../components/times';

type Credential = Schemas['InstanceCredential'];

/** The service ID in whose name the key manager is asked. Its API key goes in and never comes out. */
export function ApiKey() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const verdict = may('credential.read');
  const query = useQuery({ ...credentialQuery(instance.id), enabled: verdict.allowed });
  if (!verdict.allowed) return <NeedsRole verdict={verdict} />;
  if (isAbsent(query.error)) {
    return (
      <div className="k-form">
        <p>{t('apiKey.none')}</p>
        <SetApiKey credential={undefined} />
      </div>
    );
  }
  return (
    <Loaded query={query} failed={t('apiKey.unreadable')}>
      {(credential) => (
        <div className="k-form">
          <Facts
            facts={[
              [
                t('apiKey.serviceId'),
                credential.iam_id === undefined ? (
                  t('apiKey.unknown')
                ) : (
                  <Copyable key="i" what={t('apiKey.serviceId')} text={credential.iam_id} />
                ),
              ],
              [t('apiKey.set'), <Moment key="s" at={credential.updated_at} />],
            ]}
          />
          <SetApiKey credential={credential} />
        </div>
      )}
    </Loaded>
  );
}

const TOUCHED = ['root_key', 'instance', 'keys'] as const;

/** Tried at the root key first; where it fails it takes the name of the instance to set it all the same. */
function SetApiKey({ credential }: { readonly credential: Credential | undefined }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [apiKey, setApiKey] = useState('');
  const set = useChange(instance.id, TOUCHED, (confirm: boolean) =>
    answerOf(
      api.PUT('/v1/instances/{instance_id}/credential', {
        params: {
          path: { instance_id: instance.id },
          ...(confirm && { query: { confirm: instance.name } }),
          ...(credential && { header: { 'If-Match': `"${credential.etag}"` } }),
        },
        body: { api_key: apiKey },
      }),
    ),
  );
  const problem = set.error ? asProblem(set.error) : undefined;
  return (
    <>
      <SecretField
        label={t(credential ? 'apiKey.replacement' : 'apiKey.label')}
        help={t('apiKey.help')}
        value={apiKey}
        onChange={setApiKey}
      />
      {problem && <ProblemView problem={problem} title={t('apiKey.failed')} />}
      <div className="k-actions">
        <ActionButton
          size="md"
          verdict={may('credential.set')}
          disabled={apiKey.trim() === '' || set.isPending}
          onClick={() => set.mutate(false, { onSuccess: () => setApiKey('') })}
        >
          {set.isPending ? t('apiKey.trying') : t(credential ? 'apiKey.replace' : 'apiKey.setIt')}
        </ActionButton>
        {problem?.has('confirmation_required') === true && <SetAnyway set={set} onDone={() => setApiKey('')} />}
        {credential && <UnsetApiKey credential={credential} />}
      </div>
    </>
  );
}

interface SetAnywayProps {
  readonly set: Pick<UseMutationResult<unknown, Error, boolean>, 'isPending' | 'error' | 'mutate'>;
  readonly onDone: () => void;
}

/** The trial failed, and would cut the instance off from its keys: it takes its name. */
function SetAnyway({ set, onDone }: SetAnywayProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [asked, setAsked] = useState(false);
  return (
    <>
      <ActionButton size="md" kind="danger--tertiary" verdict={may('credential.set')} onClick={() => setAsked(true)}>
        {t('apiKey.anyway')}
      </ActionButton>
      {asked && (
        <Guard
          title={t('apiKey.anyway')}
          act={t('apiKey.anyway')}
          name={instance.name}
          change={{ isPending: set.isPending, error: null, mutate: (_, options) => set.mutate(true, options) }}
          onDone={onDone}
          onClose={() => setAsked(false)}
        >
          <p>{t('apiKey.anywayText')}</p>
        </Guard>
      )}
    </>
  );
}

function UnsetApiKey({ credential }: { readonly credential: Credential }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [asked, setAsked] = useState(false);
  const unset = useChange(instance.id, TOUCHED, () =>
    answerOf(
      api.DELETE('/v1/instances/{instance_id}/credential', {
        params: {
          path: { instance_id: instance.id },
          query: { confirm: instance.name },
          header: { 'If-Match': `"${credential.etag}"` },
        },
      }),
    ),
  );
  const close = (): void => setAsked(false);
  return (
    <>
      <ActionButton size="md" kind="danger--ghost" verdict={may('credential.unset')} onClick={() => setAsked(true)}>
        {t('apiKey.unset')}
      </ActionButton>
      {asked && (
        <Guard title={t('apiKey.unset')} act={t('apiKey.unset')} name={instance.name} change={unset} onClose={close}>
          <p>{t('apiKey.unsetText')}</p>
        </Guard>
      )}
    </>
  );
}
