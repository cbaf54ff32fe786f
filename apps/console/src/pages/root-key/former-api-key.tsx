import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { Guard } from '../../components/guard';
import { SecretField } from '../../components/secret-field';

interface FormerApiKeyProps {
  readonly former: Schemas['InstanceFormerRootKey'];
  readonly onClose: () => void;
}

/**
 * An API key of its own for a root key that lies elsewhere, as long as keys leave it. It is tried there first; where
 * keys could not be served any more with it, it takes the name of the instance to set it all the same.
 */
export function FormerApiKey({ former, onClose }: FormerApiKeyProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const [apiKey, setApiKey] = useState('');
  const [asked, setAsked] = useState(false);
  const set = useChange(instance.id, ['root_key', 'instance'], () =>
    answerOf(
      api.PATCH('/v1/instances/{instance_id}/former_root_keys/{id}', {
        params: {
          path: { instance_id: instance.id, id: former.id },
          ...(asked && { query: { confirm: instance.name } }),
        },
        body: { api_key: apiKey },
      }),
    ),
  );
  if (!asked && set.error && asProblem(set.error).has('confirmation_required')) setAsked(true);
  const change = (typed: string): void => {
    setApiKey(typed);
    // Another one may pass.
    setAsked(false);
    set.reset();
  };
  return (
    <Guard
      title={t('rootKey.former.apiKey.act')}
      act={t(asked ? 'apiKey.anyway' : 'apiKey.setIt')}
      danger={asked}
      name={asked ? instance.name : undefined}
      blocked={apiKey.trim() === ''}
      change={set}
      onClose={onClose}
    >
      <p>{t('rootKey.former.apiKey.text')}</p>
      <SecretField label={t('apiKey.label')} value={apiKey} onChange={change} />
      {asked && <p>{t('rootKey.former.apiKey.anywayText')}</p>}
    </Guard>
  );
}
