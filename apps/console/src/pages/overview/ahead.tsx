import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { certificatesQuery, rootKeyQuery } from '../../api/queries';
import { useInstance } from '../../app/instance-layout';
import { useNow } from '../../components/now';
import { Status } from '../../components/status';
import { Moment, When } from '../../components/times';
import { endsAhead } from './ends';

/** What ends, the nearest first: certificates on both sides, the root key, the key manager. */
export function Ahead() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const certificates = useQuery({ ...certificatesQuery(instance.id), enabled: may('certificate.read').allowed });
  const bound = instance.next_step.code !== 'set_credential' && instance.next_step.code !== 'set_root_key';
  const rootKey = useQuery({ ...rootKeyQuery(instance.id), enabled: bound && may('root-key.read').allowed });
  const now = useNow();
  const ends = endsAhead({ instance, certificates: certificates.data ?? [], rootKey: rootKey.data, now });
  if (ends.length === 0) return <p>{t('overview.ahead.nothing')}</p>;
  return (
    <ul className="k-list">
      {ends.map((end) => (
        <li key={end.kind + end.name}>
          <Status tone={end.urgency}>{t(`overview.ahead.${end.kind}`, { name: end.name })}</Status>
          <span className="k-quiet">
            <When at={end.at} /> · <Moment at={end.at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
