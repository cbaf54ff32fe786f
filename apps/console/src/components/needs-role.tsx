import { Locked } from '@carbon/icons-react';
import { useTranslation } from 'react-i18next';

import { type Verdict } from '../api/permissions';
import { Empty } from './empty';

/** In place of what the role does not show: that it is there, and what it takes. */
export function NeedsRole({ verdict }: { readonly verdict: Verdict }) {
  const { t } = useTranslation();
  const role = verdict.neededRole;
  return (
    <Empty title={t('permission.notShown')}>
      <p className="k-locked__reason">
        <Locked aria-hidden />
        {role === undefined ? t('permission.denied') : t('permission.needs', { role: t(`role.${role}`) })}
      </p>
      <p>{t('permission.ask')}</p>
    </Empty>
  );
}
