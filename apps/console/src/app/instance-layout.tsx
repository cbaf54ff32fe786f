import { useQuery } from '@tanstack/react-query';
import { createContext, useContext, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, Outlet, useLocation, useParams } from 'react-router';

import { type LiveState, useLive } from '../api/live';
import { usePermissions, type Verdict } from '../api/permissions';
import { instanceQuery } from '../api/queries';
import { type Instance } from '../api/schema';
import { Loaded } from '../components/loaded';
import { LiveSign } from '../components/live-sign';
import { instanceIdOf } from './instance-id';

interface InstanceRoom {
  readonly instance: Instance;
  readonly may: (action: string) => Verdict;
  readonly live: LiveState;
}

const InstanceContext = createContext<InstanceRoom | undefined>(undefined);

export function useInstance(): InstanceRoom {
  const room = useContext(InstanceContext);
  if (room === undefined) throw new Error('useInstance is used outside of InstanceLayout');
  return room;
}

/** What the pages of an instance share: the instance, what the caller may do in it, and one stream of what happens. */
export function InstanceLayout() {
  const { instance: given = '' } = useParams();
  const { pathname } = useLocation();
  const id = instanceIdOf(given);
  if (id === undefined) return <NoSuchInstance />;
  if (id !== given) return <Navigate replace to={pathname.replace(encodeURIComponent(given), id).replace(given, id)} />;
  return <Room key={id} id={id} />;
}

function Room({ id }: { readonly id: string }) {
  const { t } = useTranslation();
  const query = useQuery(instanceQuery(id));
  const may = usePermissions(id);
  const live = useLive(id);
  const instance = query.data;
  const room = useMemo(() => instance && { instance, may, live }, [instance, may, live]);
  return (
    <Loaded query={query} failed={t('instance.unreadable')}>
      {() => (
        <InstanceContext value={room}>
          <LiveSign state={live} />
          <Outlet />
        </InstanceContext>
      )}
    </Loaded>
  );
}

function NoSuchInstance() {
  const { t } = useTranslation();
  return <p>{t('instance.noSuch')}</p>;
}
