import { ArrowRight } from '@carbon/icons-react';
import { Button, Tile } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Instance } from '../../api/schema';
import { Notice } from '../../components/notice';
import { useNextStep } from '../../components/use-next-step';

/** The page where a step is taken; what the platform or the service does has none. */
const PLACES: Readonly<Partial<Record<string, Place>>> = {
  set_credential: { page: 'root-key', label: 'rootKey' },
  set_root_key: { page: 'root-key', label: 'rootKey' },
  unblock_key_move: { page: 'root-key', label: 'move' },
  resume_key_move: { page: 'root-key', label: 'move' },
  add_client_certificate: { page: 'connect', label: 'connect' },
  connect_clients: { page: 'connect', label: 'connect' },
};

interface Place {
  readonly page: 'root-key' | 'connect';
  readonly label: 'rootKey' | 'move' | 'connect';
}

export function NextStep({ instance }: { readonly instance: Instance }) {
  const { t } = useTranslation();
  const { text, lang } = useNextStep()(instance);
  const place = PLACES[instance.next_step.code];
  return (
    <>
      {instance.restore && (
        <Notice kind="warning" title={t('overview.restore.title')} text={t('overview.restore.text')} />
      )}
      <Tile className="k-next" role="region" aria-label={t('overview.next.title')}>
        <div>
          <h2>{t('overview.next.title')}</h2>
          <p lang={lang}>{text}</p>
        </div>
        {place !== undefined && (
          <Button as={Link} to={`../${place.page}`} renderIcon={ArrowRight}>
            {t(`overview.next.${place.label}`)}
          </Button>
        )}
      </Tile>
    </>
  );
}
