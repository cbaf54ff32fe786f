import { InlineNotification } from '@carbon/react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { saidSo, wasReloaded } from './new-build';

/** Says why the page began anew by itself. */
export function UpdateNotice() {
  const { t } = useTranslation();
  const [shown, setShown] = useState(wasReloaded);
  useEffect(saidSo, []);
  if (!shown) return null;
  return (
    <InlineNotification
      lowContrast
      kind="info"
      role="status"
      statusIconDescription={t('common.note')}
      title={t('updated.title')}
      subtitle={t('updated.text')}
      aria-label={t('common.close')}
      onClose={() => {
        setShown(false);
        return false;
      }}
    />
  );
}
