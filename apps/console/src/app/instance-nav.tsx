import {
  Encryption,
  ChartColumn,
  Certificate,
  Connect,
  Dashboard,
  Document,
  Key,
  Notification,
  Recycle,
  Settings,
  Stethoscope,
  TrashCan,
} from '@carbon/icons-react';
import { SideNav, SideNavItems, SideNavLink } from '@carbon/react';
import { type ElementType } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink, useLocation } from 'react-router';

export const PAGES = [
  ['overview', Dashboard],
  ['connect', Connect],
  ['certificates', Certificate],
  ['keys', Key],
  ['root-key', Encryption],
  ['diagnosis', Stethoscope],
  ['audit', Document],
  ['usage', ChartColumn],
  ['reclaim', Recycle],
  ['shred', TrashCan],
  ['webhook', Notification],
  ['settings', Settings],
] as const satisfies readonly (readonly [string, ElementType])[];

interface InstanceNavProps {
  readonly instance: string;
  readonly expanded: boolean;
  readonly onToggle: () => void;
}

export function InstanceNav({ instance, expanded, onToggle }: InstanceNavProps) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  return (
    <SideNav aria-label={t('shell.navigation')} expanded={expanded} onSideNavBlur={onToggle} onOverlayClick={onToggle}>
      <SideNavItems>
        {PAGES.map(([page, icon]) => {
          const to = `/instances/${instance}/${page}`;
          return (
            <SideNavLink
              key={page}
              as={NavLink}
              to={to}
              renderIcon={icon}
              isActive={pathname.startsWith(to)}
              onClick={expanded ? onToggle : undefined}
            >
              {t(`nav.${page}`)}
            </SideNavLink>
          );
        })}
      </SideNavItems>
    </SideNav>
  );
}
