import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { ProblemView } from '../../components/problem-view';
import { type AddProps } from './add-props';
import { isName, NameField } from './name-field';

/** A private key that is made here and given out once: it is in this page and nowhere else. */
export function MakePair({ suggestedName, onAdded }: AddProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [name, setName] = useState(suggestedName);
  const make = useChange(instance.id, ['certificates', 'instance', 'attempts'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/client_key_pairs', {
        params: { path: { instance_id: instance.id } },
        body: { name, encoding: 'pem' },
      }),
    ),
  );
  return (
    <>
      <NameField value={name} onChange={setName} />
      {make.isError && <ProblemView problem={asProblem(make.error)} title={t('connect.client.failed')} />}
      <ActionButton
        verdict={may('certificate.create')}
        disabled={!isName(name) || make.isPending}
        onClick={() => make.mutate(undefined, { onSuccess: (pair) => onAdded({ way: 'made', pair }) })}
      >
        {make.isPending ? t('common.working') : t('connect.client.make')}
      </ActionButton>
    </>
  );
}
