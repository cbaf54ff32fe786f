import { Button, Loading, Modal } from '@carbon/react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { asProblem } from '../api/problem';
import { readSession, type Session, signIn, stayHere, whenSessionEnds } from '../api/session';
import { useNow } from '../components/now';
import { ProblemView } from '../components/problem-view';
import { useTimes } from '../components/times';
import { useTheme } from './theme';

/** How often it is looked whether the session ends soon; looking does not keep it alive. */
const WATCH_MS = 60_000;
/** In time to come back from another window. */
const WARNED_BEFORE_MS = 3 * 60_000;

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
    refetchInterval: WATCH_MS,
  });
  // Whoever was signed in keeps the page: it may hold what he typed in.
  const [last, setLast] = useState<Session>();
  if (query.data && query.data !== last) setLast(query.data);
  const session = query.data ?? last;
  const nobody = query.data === null;
  const begins = nobody && last === undefined;
  useEffect(() => {
    if (begins) signIn();
  }, [begins]);

  if (session) {
    return (
      <SessionContext value={session}>
        {children}
        <SessionWatch nobody={nobody} />
      </SessionContext>
    );
  }
  if (query.isError) {
    return (
      <main className="k-alone">
        <h1 className="cds--visually-hidden">{t('shell.product')}</h1>
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
function SessionWatch({ nobody }: { readonly nobody: boolean }) {
  const { t } = useTranslation();
  const [ended, setEnded] = useState(false);
  const [heard, setHeard] = useState(false);
  useEffect(() => {
    whenSessionEnds(() => setEnded(true));
    return () => whenSessionEnds(() => undefined);
  }, []);
  // Said once: whoever stays on the page is not asked with each look.
  if (nobody !== heard) {
    setHeard(nobody);
    if (nobody) setEnded(true);
  }
  if (!ended) return <IdleWarning />;
  return (
    <Modal
      open
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

/** Whoever reads for long is asked before the session ends for want of a click. */
function IdleWarning() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { time } = useTimes();
  const { idle_expires_at } = useSession();
  const left = Date.parse(idle_expires_at) - useNow().getTime();
  if (left > WARNED_BEFORE_MS || left <= 0) return null;
  const stay = (): void => void stayHere().then(() => queries.invalidateQueries({ queryKey: ['session'] }));
  return (
    <div className="k-idle" role="alert">
      <p>{t('session.idle.text', { time: time(new Date(idle_expires_at)) })}</p>
      <Button size="sm" onClick={stay}>
        {t('session.idle.stay')}
      </Button>
    </div>
  );
}
