import { ArrowRight } from '@carbon/icons-react';
import { Button, Tile } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Instance } from '../../api/schema';
import { Notice } from '../../components/notice';
import { useNextStep } from '../../components/use-next-step';

/** The page where a step is taken; what the platform or the service does has none. */
const PLACES = {
  set_credential: 'root-key',
  set_root_key: 'root-key',
  unblock_key_move: 'root-key',
  resume_key_move: 'root-key',
  add_client_certificate: 'connect',
  connect_clients: 'connect',
} as const;

const placeOf = (code: string): string | undefined => (PLACES as Readonly<Record<string, string>>)[code];

export function NextStep({ instance }: { readonly instance: Instance }) {
  const { t } = useTranslation();
  const { text, lang } = useNextStep()(instance);
  const place = placeOf(instance.next_step.code);
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
          <Button as={Link} to={`../${place}`} renderIcon={ArrowRight}>
            {t(`overview.next.${place === 'connect' ? 'connect' : 'rootKey'}`)}
          </Button>
        )}
      </Tile>
    </>
  );
}
