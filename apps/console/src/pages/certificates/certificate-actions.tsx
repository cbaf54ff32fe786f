import { Button } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';

import { type Certificate } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { HandOver } from './hand-over';
import { RemoveCertificate } from './remove-certificate';
import { RenameCertificate } from './rename-certificate';

export function CertificateActions({ certificate }: { readonly certificate: Certificate }) {
  const { t } = useTranslation();
  const { may } = useInstance();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<'rename' | 'hand-over' | 'remove'>();
  const close = (): void => setAsked(undefined);
  return (
    <>
      <Button size="md" as={Link} to="renew">
        {t('certificate.renew')}
      </Button>
      <ActionButton size="md" kind="tertiary" verdict={may('certificate.update')} onClick={() => setAsked('rename')}>
        {t('certificate.rename')}
      </ActionButton>
      <ActionButton size="md" kind="tertiary" verdict={may('certificate.delete')} onClick={() => setAsked('hand-over')}>
        {t('certificate.handOver')}
      </ActionButton>
      <ActionButton
        size="md"
        kind="danger--tertiary"
        verdict={may('certificate.delete')}
        onClick={() => setAsked('remove')}
      >
        {t('certificate.remove')}
      </ActionButton>
      {asked === 'rename' && <RenameCertificate certificate={certificate} onClose={close} />}
      {asked === 'hand-over' && <HandOver certificate={certificate} onClose={close} />}
      {asked === 'remove' && (
        <RemoveCertificate
          certificate={certificate}
          onClose={close}
          onDone={() => void navigate('..', { relative: 'path' })}
        />
      )}
    </>
  );
}
