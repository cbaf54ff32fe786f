import { useTranslation } from 'react-i18next';

import { type Schemas } from '../api/schema';
import { Status } from './status';

type Health = Schemas['InstanceHealth'];

/** Well, with what is ahead: a warning is no trouble yet. */
export function HealthStatus({ health }: { readonly health: Health }) {
  const { t } = useTranslation();
  if (health.state === 'attention') return <Status tone="bad">{t('health.attention')}</Status>;
  if (health.warnings.length > 0) return <Status tone="warning">{t('health.ahead')}</Status>;
  if (health.state === 'well') return <Status tone="good">{t('health.well')}</Status>;
  return <Status tone="unknown">{t('health.unknown')}</Status>;
}
