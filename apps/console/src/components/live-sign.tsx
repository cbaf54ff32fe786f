import { useTranslation } from 'react-i18next';

import { type LiveState } from '../api/live';

/** Whether the page follows what happens by itself. */
export function LiveSign({ state }: { readonly state: LiveState }) {
  const { t } = useTranslation();
  return (
    <p className={`k-live k-live--${state}`} role="status">
      {t(`live.${state}`)}
    </p>
  );
}
