import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { type Certificate } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { Guard } from '../../components/guard';
import { LastSeen } from './standing';

interface RemoveCertificateProps {
  readonly certificate: Certificate;
  readonly onDone?: () => void;
  readonly onClose: () => void;
}

export function RemoveCertificate({ certificate, onDone, onClose }: RemoveCertificateProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const { id, name, etag } = certificate;
  const remove = useChange(instance.id, ['certificates', 'instance', 'attempts'], () =>
    answerOf(
      api.DELETE('/v1/instances/{instance_id}/client_certificates/{id}', {
        params: {
          path: { instance_id: instance.id, id },
          query: { confirm: name },
          header: { 'If-Match': `"${etag}"` },
        },
      }),
    ),
  );
  return (
    <Guard
      title={t('certificate.removing.title', { name })}
      act={t('certificate.remove')}
      name={name}
      change={remove}
      onClose={onClose}
      {...(onDone && { onDone })}
    >
      <p>{t('certificate.removing.stops')}</p>
      <LastSeen certificate={certificate} />
      <p>{t('certificate.removing.stays')}</p>
    </Guard>
  );
}
