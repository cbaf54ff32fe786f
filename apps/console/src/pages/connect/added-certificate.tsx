import { Download } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useTranslation } from 'react-i18next';

import { type Certificate, type Schemas } from '../../api/schema';
import { Copyable } from '../../components/copyable';
import { download } from '../../components/download';
import { Notice } from '../../components/notice';
import { Status } from '../../components/status';
import { type Added } from './add-props';

interface AddedCertificateProps {
  readonly added: Added;
  /** The private key is in somebody's hands now. */
  readonly onTaken: () => void;
}

/** What was added, and what vCenter is still to be given of it. */
export function AddedCertificate({ added, onTaken }: AddedCertificateProps) {
  const { t } = useTranslation();
  if (added.way === 'signed') return <Signed certificate={added.certificate} />;
  if (added.way === 'made') return <Made pair={added.pair} onTaken={onTaken} />;
  return (
    <div role="status">
      <Status tone="good">{t('connect.client.added', { name: added.certificate.name })}</Status>
    </div>
  );
}

function Signed({ certificate: { name, certificate } }: { readonly certificate: Certificate }) {
  const { t } = useTranslation();
  return (
    <>
      <Notice kind="success" title={t('connect.client.signed')} text={t('connect.client.signedText')} />
      <div className="k-actions">
        <Button renderIcon={Download} onClick={() => download(`${name}.pem`, certificate)}>
          {t('connect.client.downloadCertificate')}
        </Button>
        <Copyable what={t('connect.client.certificate')} text={certificate} shown={`${name}.pem`} />
      </div>
    </>
  );
}

interface MadeProps extends Pick<AddedCertificateProps, 'onTaken'> {
  readonly pair: Schemas['InstanceClientKeyPair'];
}

function Made({ pair, onTaken }: MadeProps) {
  const { t } = useTranslation();
  const { name } = pair.client_certificate;
  return (
    <>
      <Notice kind="warning" title={t('connect.client.made')} text={t('connect.client.madeText')} />
      <div className="k-actions">
        <Button
          renderIcon={Download}
          onClick={() => {
            download(`${name}.key`, pair.private_key ?? '');
            onTaken();
          }}
        >
          {t('connect.client.downloadKey')}
        </Button>
        <Button kind="tertiary" renderIcon={Download} onClick={() => download(`${name}.pem`, pair.certificate)}>
          {t('connect.client.downloadCertificate')}
        </Button>
      </div>
    </>
  );
}
