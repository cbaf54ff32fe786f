export type LiveState = 'connecting' | 'live' | 'away';

/** What a page is told. */
export interface Follower {
  onState(state: LiveState): void;
  /** @param data of one event, as the service sent it */
  onEvent(data: string): void;
  /** Something may have been missed. */
  onGap(): void;
}

/** A browser has six connections to a host over HTTP/1.1, for all of its pages; some are to be left for questions. */
const STREAMS = 4;
const TRY_AGAIN_MS = 15_000;

type Told =
  | { readonly kind: 'hello' }
  | { readonly kind: 'state'; readonly state: LiveState }
  | { readonly kind: 'event'; readonly data: string }
  | { readonly kind: 'gap' };

/**
 * Follows an instance by one stream for all pages that show it: the page that holds the lock has it and tells the others.
 * A page that goes, or dies, gives the lock to the next one. (A browser puts no page to sleep that holds a lock.)
 * @returns what ends it
 */
export function followInstance(instanceId: string, follower: Follower): () => void {
  const left = new AbortController();
  const { locks } = window.navigator as { readonly locks?: LockManager };
  if (locks === undefined || typeof BroadcastChannel === 'undefined') {
    new Stream(instanceId, follower, left.signal, false).open();
    return () => left.abort();
  }
  const name = `kmip-console.events.${instanceId}`;
  const channel = new BroadcastChannel(name);
  const tell = (told: Told): void => {
    if (!left.signal.aborted) channel.postMessage(told);
  };
  let state: LiveState | undefined;
  let followed = false;
  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    // Whoever has the stream is told by it alone.
    if (state !== undefined) {
      if (data.kind === 'hello') tell({ kind: 'state', state });
      return;
    }
    if (data.kind === 'hello') return;
    followed = true;
    pass(data, follower);
  };
  tell({ kind: 'hello' });
  const both: Follower = {
    onState: (next) => {
      state = next;
      follower.onState(next);
      tell({ kind: 'state', state: next });
    },
    onEvent: (data) => {
      follower.onEvent(data);
      tell({ kind: 'event', data });
    },
    onGap: () => {
      follower.onGap();
      tell({ kind: 'gap' });
    },
  };
  void hold(locks, name, { signal: left.signal }, async () => {
    state = 'connecting';
    while (!(await hasPlace(locks, left.signal))) {
      both.onState('away');
      await pause(TRY_AGAIN_MS, left.signal);
      if (left.signal.aborted) return;
    }
    new Stream(instanceId, both, left.signal, followed).open();
    await over(left.signal);
  });
  return () => {
    left.abort();
    channel.close();
  };
}

function pass(told: Exclude<Told, { readonly kind: 'hello' }>, follower: Follower): void {
  if (told.kind === 'state') follower.onState(told.state);
  else if (told.kind === 'event') follower.onEvent(told.data);
  else follower.onGap();
}

/** Runs what needs the lock once it is there; never, if it is given up before. */
async function hold(locks: LockManager, name: string, options: LockOptions, work: () => Promise<void>): Promise<void> {
  try {
    await locks.request(name, options, work);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
  }
}

/** Whether this browser may have one stream more; if so, until the signal. */
async function hasPlace(locks: LockManager, signal: AbortSignal): Promise<boolean> {
  for (let place = 0; place < STREAMS; place++) {
    const taken = await new Promise<boolean>((resolve) => {
      void locks.request(`kmip-console.stream.${place}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : over(signal);
      });
    });
    if (taken) return true;
  }
  return signal.aborted;
}

const over = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  Promise.race([over(signal), new Promise<void>((resolve) => window.setTimeout(resolve, ms))]);

/** The browser resumes it with the identifier of the last event; what a refusal ended begins anew. */
class Stream {
  #source: EventSource | undefined;

  constructor(
    private readonly instanceId: string,
    private readonly follower: Follower,
    private readonly signal: AbortSignal,
    /** Whether something may have happened that nobody heard of. */
    private missed: boolean,
  ) {}

  open(): void {
    if (this.signal.aborted) return;
    this.#connect();
    const again = window.setInterval(() => {
      // A refusal ends a stream for good, as far as the browser is concerned.
      if (this.#source?.readyState === EventSource.CLOSED) this.#connect();
    }, TRY_AGAIN_MS);
    void over(this.signal).then(() => {
      window.clearInterval(again);
      this.#source?.close();
    });
  }

  #connect(): void {
    const source = new EventSource(`/console/api/v1/instances/${encodeURIComponent(this.instanceId)}/events`);
    this.#source = source;
    source.onopen = () => {
      this.follower.onState('live');
      if (this.missed) this.follower.onGap();
    };
    source.onerror = () => {
      this.missed = true;
      this.follower.onState('away');
    };
    source.onmessage = ({ data }: MessageEvent<string>) => this.follower.onEvent(data);
  }
}
