import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';

const NowContext = createContext(0);
const TICK_MS = 10_000;

/**
 * The instant that ages are counted from. One clock for the whole page draws it anew, so that nothing says "now" for an
 * hour; what is drawn between two of its ticks is counted from its own instant, so that nothing past is still to come.
 */
export function useNow(): Date {
  useContext(NowContext);
  return new Date();
}

export function NowProvider({ children }: { readonly children: ReactNode }) {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const clock = window.setInterval(() => setTick((last) => last + 1), TICK_MS);
    return () => window.clearInterval(clock);
  }, []);
  return <NowContext value={tick}>{children}</NowContext>;
}
