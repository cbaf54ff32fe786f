import { UserAvatar } from '@carbon/icons-react';
import {
  Content,
  Header,
  HeaderContainer,
  HeaderGlobalAction,
  HeaderGlobalBar,
  HeaderMenuButton,
  HeaderName,
  SkipToContent,
} from '@carbon/react';
import { Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Outlet, useLocation, useMatch } from 'react-router';

import { Waiting } from '../components/loaded';
import { focusPage } from '../components/focus';
import { InstanceNav } from './instance-nav';
import { UpdateNotice } from './update-notice';
import { UserPanel } from './user-panel';

/** Header, navigation of the instance that is open, and the page. */
export function Shell() {
  return <HeaderContainer render={Frame} />;
}

interface FrameProps {
  readonly isSideNavExpanded: boolean;
  readonly onClickSideNavExpand: () => void;
}

function Frame({ isSideNavExpanded, onClickSideNavExpand }: FrameProps) {
  const { t } = useTranslation();
  const instance = useMatch('/instances/:instance/*')?.params.instance;
  const [panelOpen, setPanelOpen] = useState(false);
  const panelToggle = useRef<HTMLButtonElement>(null);
  usePageFocus();
  return (
    <>
      <Header aria-label={t('shell.product')}>
        <SkipToContent>{t('shell.skip')}</SkipToContent>
        {instance !== undefined && (
          <HeaderMenuButton
            aria-label={isSideNavExpanded ? t('shell.closeMenu') : t('shell.openMenu')}
            onClick={onClickSideNavExpand}
            isActive={isSideNavExpanded}
            aria-expanded={isSideNavExpanded}
          />
        )}
        <HeaderName as={Link} to="/" prefix="">
          {t('shell.product')}
        </HeaderName>
        <HeaderGlobalBar>
          <HeaderGlobalAction
            ref={panelToggle}
            aria-label={t('shell.user')}
            aria-expanded={panelOpen}
            isActive={panelOpen}
            tooltipAlignment="end"
            onClick={() => setPanelOpen(!panelOpen)}
          >
            <UserAvatar size={20} />
          </HeaderGlobalAction>
        </HeaderGlobalBar>
        <UserPanel open={panelOpen} toggle={panelToggle} onClose={() => setPanelOpen(false)} />
        {instance !== undefined && (
          <InstanceNav instance={instance} expanded={isSideNavExpanded} onToggle={onClickSideNavExpand} />
        )}
      </Header>
      <Content
        id="main-content"
        tabIndex={-1}
        className={instance === undefined ? 'k-content' : 'k-content k-content--nav'}
      >
        <UpdateNotice />
        <Suspense fallback={<Waiting />}>
          <Outlet />
        </Suspense>
      </Content>
    </>
  );
}

/** A new page begins at its head, for eyes and for screen readers. */
function usePageFocus(): void {
  const { pathname } = useLocation();
  useEffect(() => {
    window.scrollTo(0, 0);
    focusPage();
  }, [pathname]);
}
