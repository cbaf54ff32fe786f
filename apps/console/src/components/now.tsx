import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';

const NowContext = createContext(new Date(0));
const TICK_MS = 10_000;

/** The instant that ages are counted from: one clock for the whole page, so that nothing says "now" for an hour. */
export const useNow = (): Date => useContext(NowContext);

export function NowProvider({ children }: { readonly children: ReactNode }) {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const clock = window.setInterval(() => setNow(new Date()), TICK_MS);
    return () => window.clearInterval(clock);
  }, []);
  return <NowContext value={now}>{children}</NowContext>;
}
