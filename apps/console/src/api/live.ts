import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { type Topic } from './queries';
import { followInstance, type LiveState } from './stream';

export type { LiveState } from './stream';

/** Many events of one moment are one look at the service. */
const GATHER_MS = 250;
/** What is fetched anew when the stream does not come about. */
const WITHOUT_STREAM_MS = 15_000;

/**
 * Hears from the service what has changed, and has it fetched anew. Without a stream the page looks by itself now and
 * then.
 */
export function useLive(instanceId: string): LiveState {
  const queries = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  const current = useRef(state);

  useEffect(() => {
    const stale = new Stale((topics) => {
      for (const topic of topics) void queries.invalidateQueries({ queryKey: ['instances', instanceId, topic] });
    });
    const everything = (): void => void queries.invalidateQueries({ queryKey: ['instances', instanceId] });
    const leave = followInstance(instanceId, {
      onState: (next) => {
        // A stream ends with the session, too, and sooner than anything else would tell.
        if (current.current === 'live' && next === 'away') void queries.invalidateQueries({ queryKey: ['session'] });
        current.current = next;
        setState(next);
      },
      onEvent: (data) => stale.add(topicsOf(data)),
      // What happened meanwhile is not told again when the browser began anew.
      onGap: everything,
    });
    const fallback = window.setInterval(() => {
      if (current.current !== 'live') everything();
    }, WITHOUT_STREAM_MS);
    return () => {
      leave();
      stale.stop();
      window.clearInterval(fallback);
    };
  }, [instanceId, queries]);

  return state;
}

/** What is not current any more, gathered for a moment. */
class Stale {
  #topics: readonly Topic[] = [];
  #timer: number | undefined;

  constructor(readonly tell: (topics: readonly Topic[]) => void) {}

  add(topics: readonly Topic[]): void {
    this.#topics = [...this.#topics, ...topics.filter((topic) => !this.#topics.includes(topic))];
    this.#timer ??= window.setTimeout(() => {
      const gathered = this.#topics;
      this.stop();
      this.tell(gathered);
    }, GATHER_MS);
  }

  stop(): void {
    window.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#topics = [];
  }
}

const EVERYTHING: readonly Topic[] = [
  'instance',
  'certificates',
  'kmip_credentials',
  'root_key',
  'keys',
  'shred_plans',
  'audit',
  'usage',
  'attempts',
  'webhook',
  'reclaim',
  'permissions',
];

/** What an event is about, and what shows it. Whatever happens is in the trail, too. */
const TOPICS: Readonly<Record<string, readonly Topic[]>> = {
  'instance.state': ['instance', 'audit'],
  'certificate.state': ['certificates', 'reclaim', 'instance', 'attempts', 'audit'],
  'kmip-credential': ['kmip_credentials', 'audit'],
  credential: ['root_key', 'instance', 'audit'],
  'root-key': ['root_key', 'instance', 'audit'],
  'move.progress': ['root_key', 'instance'],
  key: ['keys', 'reclaim', 'instance', 'usage', 'audit'],
  'shred-plan': ['shred_plans', 'keys', 'instance', 'audit'],
  webhook: ['webhook', 'audit'],
  claim: ['attempts', 'audit'],
  attempt: ['attempts', 'certificates', 'instance'],
};

/** An event is a hint of what to fetch. One that is not known, of a newer service, makes everything be fetched. */
export function topicsOf(data: string): readonly Topic[] {
  try {
    const { type } = JSON.parse(data) as { type?: string };
    return (type !== undefined && Object.hasOwn(TOPICS, type) ? TOPICS[type] : undefined) ?? EVERYTHING;
  } catch {
    return EVERYTHING;
  }
}
