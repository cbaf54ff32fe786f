import { Checkbox, TextInput } from '@carbon/react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { ProblemView } from '../../components/problem-view';

interface SetWebhookProps {
  readonly webhook: Schemas['InstanceWebhook'] | undefined;
  /** Told the secret that the service made, the one time that it says it. */
  readonly onSecret: (secret: string) => void;
}

/** Where events go, and whether names go with them. Setting it again also sends what waits at once. */
export function SetWebhook({ webhook, onSecret }: SetWebhookProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [urlField, namesField] = [useId(), useId()];
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [names, setNames] = useState(webhook?.vm_names ?? false);
  const set = useChange(instance.id, ['webhook', 'audit'], () =>
    answerOf(
      api.PUT('/v1/instances/{instance_id}/webhook', {
        params: {
          path: { instance_id: instance.id },
          ...(webhook && { header: { 'If-Match': `"${webhook.etag}"` } }),
        },
        body: { url: url.trim(), vm_names: names },
      }),
    ),
  );
  const wrong = url.trim() !== '' && !/^https:\/\/./i.test(url.trim());
  return (
    <div className="k-form">
      <TextInput
        id={urlField}
        type="url"
        labelText={t('webhook.url')}
        helperText={t('webhook.set.urlHelp')}
        value={url}
        invalid={wrong}
        invalidText={t('webhook.set.urlWrong')}
        autoComplete="off"
        spellCheck={false}
        onChange={({ target }) => setUrl(target.value)}
      />
      <Checkbox
        id={namesField}
        labelText={t('webhook.set.names')}
        helperText={t('webhook.set.namesHelp')}
        checked={names}
        onChange={(_, { checked }) => setNames(checked)}
      />
      {set.isError && <ProblemView problem={asProblem(set.error)} title={t('webhook.set.failed')} />}
      <div className="k-actions">
        <ActionButton
          size="md"
          verdict={may('webhook.set')}
          disabled={url.trim() === '' || wrong || set.isPending}
          onClick={() =>
            set.mutate(undefined, { onSuccess: (set) => set?.secret !== undefined && onSecret(set.secret) })
          }
        >
          {set.isPending ? t('common.working') : t(webhook ? 'webhook.set.save' : 'webhook.set.act')}
        </ActionButton>
      </div>
    </div>
  );
}
