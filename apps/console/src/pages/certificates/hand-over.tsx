import { Select, SelectItem } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { instancesQuery } from '../../api/queries';
import { type Certificate } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { Guard } from '../../components/guard';

interface HandOverProps {
  readonly certificate: Certificate;
  readonly onClose: () => void;
}

/** Gives the certificate, with the proof of whose it is, to another instance of the account. */
export function HandOver({ certificate, onClose }: HandOverProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const { data = [] } = useQuery(instancesQuery);
  const others = data.filter(({ id }) => id !== instance.id);
  const fieldId = useId();
  const [chosen, setChosen] = useState('');
  const handOver = useChange(instance.id, ['certificates'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/client_certificates/{client_certificate_id}/hand_over', {
        params: { path: { instance_id: instance.id, client_certificate_id: certificate.id } },
        body: { instance: { id: chosen } },
      }),
    ),
  );
  return (
    <Guard
      title={t('certificate.handing.title', { name: certificate.name })}
      act={t('certificate.handOver')}
      danger={false}
      blocked={chosen === ''}
      change={handOver}
      onClose={onClose}
    >
      <p>{t('certificate.handing.text')}</p>
      {certificate.proof === undefined && <p>{t('certificate.handing.unproven')}</p>}
      {others.length === 0 ? (
        <p>{t('certificate.handing.nobody')}</p>
      ) : (
        <Select
          id={fieldId}
          labelText={t('certificate.handing.to')}
          value={chosen}
          onChange={({ target }) => setChosen(target.value)}
        >
          <SelectItem value="" text={t('common.choose')} />
          {others.map(({ id, name }) => (
            <SelectItem key={id} value={id} text={name} />
          ))}
        </Select>
      )}
    </Guard>
  );
}
