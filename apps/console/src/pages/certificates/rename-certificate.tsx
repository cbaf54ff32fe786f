import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { type Certificate } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { Guard } from '../../components/guard';
import { isName, NameField } from '../connect/name-field';

interface RenameCertificateProps {
  readonly certificate: Certificate;
  readonly onClose: () => void;
}

export function RenameCertificate({ certificate: { id, name, etag }, onClose }: RenameCertificateProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const [wanted, setWanted] = useState(name);
  const rename = useChange(instance.id, ['certificates'], () =>
    answerOf(
      api.PATCH('/v1/instances/{instance_id}/client_certificates/{id}', {
        params: { path: { instance_id: instance.id, id }, header: { 'If-Match': `"${etag}"` } },
        body: { name: wanted },
      }),
    ),
  );
  return (
    <Guard
      title={t('certificate.renaming')}
      act={t('certificate.rename')}
      danger={false}
      blocked={!isName(wanted) || wanted === name}
      change={rename}
      onClose={onClose}
    >
      <NameField value={wanted} onChange={setWanted} />
    </Guard>
  );
}
