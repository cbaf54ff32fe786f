import { Locked } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { type ComponentProps, useId } from 'react';
import { useTranslation } from 'react-i18next';

import { type Verdict } from '../api/permissions';

type ActionButtonProps = Pick<ComponentProps<typeof Button>, 'kind' | 'size' | 'renderIcon' | 'disabled' | 'type'> & {
  readonly verdict: Verdict;
  readonly onClick: () => void;
  readonly children: string;
};

/**
 * A button of what not everybody may do. Who may not sees it all the same, can reach it by keyboard, and is told which
 * role it takes.
 */
export function ActionButton({ verdict, onClick, children, ...looks }: ActionButtonProps) {
  const { t } = useTranslation();
  const reason = useId();
  if (verdict.allowed) {
    return (
      <Button {...looks} onClick={onClick}>
        {children}
      </Button>
    );
  }
  return (
    <span className="k-locked">
      <Button {...looks} aria-disabled="true" aria-describedby={reason} className="k-locked__button">
        {children}
      </Button>
      <span id={reason} className="k-locked__reason">
        <Locked aria-hidden />
        {verdict.neededRole === undefined
          ? t('permission.denied')
          : t('permission.needs', { role: t(`role.${verdict.neededRole}`) })}
      </span>
    </span>
  );
}
