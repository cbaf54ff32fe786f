import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { Guard } from '../../components/guard';

interface RemoveWebhookProps {
  readonly webhook: Schemas['InstanceWebhook'];
  readonly onDone: () => void;
}

export function RemoveWebhook({ webhook, onDone }: RemoveWebhookProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [asked, setAsked] = useState(false);
  const remove = useChange(instance.id, ['webhook', 'audit'], () =>
    answerOf(
      api.DELETE('/v1/instances/{instance_id}/webhook', {
        params: { path: { instance_id: instance.id }, header: { 'If-Match': `"${webhook.etag}"` } },
      }),
    ),
  );
  return (
    <>
      <ActionButton size="md" kind="danger--tertiary" verdict={may('webhook.unset')} onClick={() => setAsked(true)}>
        {t('webhook.remove.act')}
      </ActionButton>
      {asked && (
        <Guard
          title={t('webhook.remove.act')}
          act={t('webhook.remove.act')}
          name={instance.name}
          change={remove}
          onDone={onDone}
          onClose={() => setAsked(false)}
        >
          <p>{t('webhook.remove.text')}</p>
        </Guard>
      )}
    </>
  );
}
