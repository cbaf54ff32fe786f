import { useTranslation } from 'react-i18next';

import { type Certificate } from '../../api/schema';
import { useNow } from '../../components/now';
import { Status } from '../../components/status';
import { Day, Moment, When } from '../../components/times';
import { urgencyOf } from '../overview/ends';

const LATELY_MS = 7 * 86_400_000;

/** Whether a client uses it: green since it was let in, whatever page is open. */
export function LastSeen({ certificate }: { readonly certificate: Certificate }) {
  const { t } = useTranslation();
  const now = useNow();
  const { last_seen, activation } = certificate;
  if (!activation.complete) {
    return <Status tone="busy">{t('certificate.activating', { endpoints: activation.pending.join(', ') })}</Status>;
  }
  if (last_seen === undefined) return <Status tone="none">{t('certificate.notSeen')}</Status>;
  const lately = now.getTime() - Date.parse(last_seen.at) < LATELY_MS;
  return (
    <Status tone={lately ? 'good' : 'none'}>
      {t('certificate.connected')} <When at={last_seen.at} />
      <span className="k-quiet">
        {' · '}
        {last_seen.address} · {last_seen.endpoint}
      </span>
    </Status>
  );
}

interface ExpiryProps {
  readonly at: string;
  /** To the second, where it is looked at alone. */
  readonly exact?: boolean;
}

export function Expiry({ at, exact = false }: ExpiryProps) {
  const now = useNow();
  return (
    <Status tone={urgencyOf(at, now)}>
      <When at={at} />
      <span className="k-quiet">
        {' · '}
        {exact ? <Moment at={at} /> : <Day at={at} />}
      </span>
    </Status>
  );
}
