import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { ProblemView } from '../../components/problem-view';
import { Status } from '../../components/status';
import { Failure } from './deliveries';

/** One event that says that it is a test; the answer of the receiver is shown where it was asked for. */
export function TestWebhook() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const test = useChange(instance.id, ['webhook', 'audit'], () =>
    answerOf(api.POST('/v1/instances/{instance_id}/webhook/test', { params: { path: { instance_id: instance.id } } })),
  );
  const failure = test.data?.failure;
  return (
    <>
      <div role="status">
        {test.data?.delivered === true && <Status tone="good">{t('webhook.test.delivered')}</Status>}
        {test.data?.delivered === false && (
          <>
            <Status tone="bad">{t('webhook.test.failed')}</Status>
            {failure && (
              <p>
                <Failure failure={failure} />
              </p>
            )}
          </>
        )}
      </div>
      {test.isError && <ProblemView problem={asProblem(test.error)} title={t('webhook.test.notSent')} />}
      <div className="k-actions">
        <ActionButton
          kind="tertiary"
          size="md"
          verdict={may('webhook.set')}
          disabled={test.isPending}
          onClick={() => test.mutate()}
        >
          {test.isPending ? t('webhook.test.running') : t('webhook.test.act')}
        </ActionButton>
      </div>
    </>
  );
}
