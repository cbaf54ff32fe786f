import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { createContext, useContext, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, Outlet, useLocation, useParams } from 'react-router';

import { type LiveState, useLive } from '../api/live';
import { usePermissions, type Verdict } from '../api/permissions';
import { asProblem } from '../api/problem';
import { instanceQuery } from '../api/queries';
import { type Instance } from '../api/schema';
import { Empty } from '../components/empty';
import { Loaded, Waiting } from '../components/loaded';
import { LiveSign } from '../components/live-sign';
import { isAbsent } from '../components/optional';
import { Page } from '../components/page';
import { ProblemView } from '../components/problem-view';
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
  const { may, isPending } = usePermissions(id);
  const live = useLive(id);
  const instance = query.data;
  const room = useMemo(() => instance && { instance, may, live }, [instance, may, live]);
  // A stranger's instance, or one that was removed: nothing that is tried again would bring it.
  if (isAbsent(query.error)) return <NoSuchInstance />;
  if (instance === undefined && query.isError) {
    return (
      <Page title={t('instance.unreadable')}>
        <ProblemView problem={asProblem(query.error)} onRetry={() => void query.refetch()} />
      </Page>
    );
  }
  return (
    <Loaded query={query}>
      {() => (
        <InstanceContext value={room}>
          <LiveSign state={live} />
          {isPending ? <Waiting /> : <Outlet />}
        </InstanceContext>
      )}
    </Loaded>
  );
}

function NoSuchInstance() {
  const { t } = useTranslation();
  return (
    <Empty
      alone
      title={t('instance.noSuch')}
      action={
        <Button as={Link} to="/">
          {t('lost.back')}
        </Button>
      }
    >
      <p>{t('instance.noSuchText')}</p>
    </Empty>
  );
}
