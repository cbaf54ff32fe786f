import { Loading, Modal } from '@carbon/react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { asProblem } from '../api/problem';
import { readSession, type Session, signIn, whenSessionEnds } from '../api/session';
import { ProblemView } from '../components/problem-view';
import { useTheme } from './theme';

const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('useSession is used outside of SessionGate');
  return session;
}

/** Nothing is shown before it is known who asks. Whoever is not signed in is sent to the sign-in, and comes back here. */
export function SessionGate({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation();
  useTheme();
  const query = useQuery({
    queryKey: ['session'],
    queryFn: async () => (await readSession()) ?? null,
    staleTime: Infinity,
    refetchOnWindowFocus: true,
  });
  const nobody = query.data === null;
  useEffect(() => {
    if (nobody) signIn();
  }, [nobody]);

  if (query.data) {
    return (
      <SessionContext value={query.data}>
        {children}
        <SessionWatch />
      </SessionContext>
    );
  }
  if (query.isError) {
    return (
      <main className="k-alone">
        <ProblemView
          problem={asProblem(query.error)}
          title={t('session.unreadable')}
          onRetry={() => void query.refetch()}
        />
      </main>
    );
  }
  return <Loading description={t('common.loading')} />;
}

/** Leaves the page as it is when the session ends: what was typed in can still be copied. */
function SessionWatch() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    whenSessionEnds(() => setEnded(true));
    return () => whenSessionEnds(() => undefined);
  }, [queries]);
  return (
    <Modal
      open={ended}
      size="sm"
      modalHeading={t('session.ended.title')}
      primaryButtonText={t('session.signIn')}
      secondaryButtonText={t('session.ended.stay')}
      closeButtonLabel={t('common.close')}
      onRequestSubmit={signIn}
      onRequestClose={() => setEnded(false)}
    >
      <p>{t('session.ended.text')}</p>
    </Modal>
  );
}
