import { useTranslation } from 'react-i18next';

import { Status } from '../../components/status';
import { Day, When } from '../../components/times';
import { useEnds } from './use-ends';

/** What ends, the nearest first: certificates on both sides, the root key, the key manager. */
export function Ahead() {
  const { t } = useTranslation();
  const ends = useEnds();
  if (ends.length === 0) return <p>{t('overview.ahead.nothing')}</p>;
  return (
    <ul className="k-list">
      {ends.map((end) => (
        <li key={end.kind + end.name}>
          <Status tone={end.urgency}>{t(`overview.ahead.${end.kind}`, { name: end.name })}</Status>
          <span className="k-quiet">
            <When at={end.at} /> · <Day at={end.at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
