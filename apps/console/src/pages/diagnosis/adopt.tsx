import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { type Attempt } from '../../api/schema';
import { type Change, useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { Facts } from '../../components/facts';
import { withColons } from '../../components/fingerprint';
import { Guard } from '../../components/guard';
import { isName, NameField } from '../connect/name-field';

/** Lets in whoever was refused: the certificate of the attempt is added, once somebody has compared it. */
interface AdoptProps {
  readonly attempt: Attempt;
  readonly onAdopted?: (certificateId: string) => void;
}

export function Adopt({ attempt, onAdopted }: AdoptProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [asked, setAsked] = useState(false);
  const [name, setName] = useState('');
  const adopt = useChange(instance.id, ['certificates', 'attempts', 'instance'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/client_certificates', {
        params: { path: { instance_id: instance.id } },
        body: { name, connection_attempt: { id: attempt.id } },
      }),
    ),
  );
  const change: Change = {
    ...adopt,
    mutate: (_, { onSuccess }) =>
      adopt.mutate(undefined, {
        onSuccess: ({ id }) => {
          onSuccess();
          onAdopted?.(id);
        },
      }),
  };
  return (
    <>
      <ActionButton kind="tertiary" size="sm" verdict={may('certificate.create')} onClick={() => setAsked(true)}>
        {t('adopt.act')}
      </ActionButton>
      {asked && (
        <Guard
          title={t('adopt.title')}
          act={t('adopt.act')}
          danger={false}
          blocked={!isName(name)}
          change={change}
          onClose={() => setAsked(false)}
        >
          <p>{t('adopt.text')}</p>
          <Facts
            facts={[
              [t('certificate.subject'), attempt.certificate?.subject ?? '–'],
              [t('endpoint.sha256'), <code key="f">{withColons(attempt.certificate?.sha256_fingerprint ?? '')}</code>],
              [t('diagnosis.address'), attempt.address],
            ]}
          />
          <NameField value={name} onChange={setName} />
        </Guard>
      )}
    </>
  );
}
