import { addressGroup } from './addresses';
import { type Admission, type KmipConnectionHandler } from './handler';
import { type TransportLimitName, type TransportLimits } from './limits';
import { type PeerDescription } from './peer';
import { type Place, PlaceGate } from './place-gate';

/** How a client is let in, or why not. */
export interface Verdict {
  readonly idleTimeoutMs: number;
  readonly maximumMessageBytes: number;
  readonly refusal?: string;
  readonly limit?: TransportLimitName;
  /** May send requests; false: the connection ends at once, with the answer about the limit if there is one. */
  readonly heard: boolean;
  /** Gives the client's places back; call it when its connection is closed. */
  readonly leave: () => void;
}

const nothing = (): void => undefined;

/**
 * Counts connections per certificate, owner and account for known clients, and all together and per address for strangers, so that
 * neither a busy client nor a flood of unknown certificates takes the places of others.
 */
export class ClientAdmission {
  readonly #strangers: PlaceGate;
  readonly #known: PlaceGate;
  readonly #owned: PlaceGate;
  readonly #accounts: PlaceGate;
  readonly #turnedAway: PlaceGate;

  constructor(
    private readonly handler: KmipConnectionHandler,
    private readonly limits: TransportLimits,
  ) {
    this.#strangers = new PlaceGate(limits.maximumStrangers, limits.maximumStrangersPerAddress);
    this.#known = new PlaceGate(limits.maximumConnections, limits.maximumConnectionsPerCertificate);
    this.#owned = new PlaceGate(limits.maximumConnections, limits.maximumConnectionsPerOwner);
    this.#accounts = new PlaceGate(limits.maximumConnections, limits.maximumConnectionsPerAccount);
    this.#turnedAway = new PlaceGate(limits.maximumTurnedAway, limits.maximumTurnedAway);
  }

  enter(peer: PeerDescription): Verdict {
    const admission = this.#ask(peer);
    if (admission === 'stranger') return this.#enterStranger(peer);
    if (admission === 'known') return this.#enterKnown(peer);
    return 'refuse' in admission ? this.#refused(admission.refuse) : this.#enterKnown(peer, admission);
  }

  /** A handler that throws has no opinion, and who is not known is a stranger. */
  #ask(peer: PeerDescription): Admission {
    try {
      return this.handler.admit === undefined ? 'known' : this.handler.admit(peer);
    } catch {
      return 'stranger';
    }
  }

  #enterKnown(peer: PeerDescription, { owner, account }: { owner?: string; account?: string } = {}): Verdict {
    const certificate = peer.fingerprint ?? `none ${addressGroup(peer.remoteAddress)}`;
    const wanted: readonly (readonly [PlaceGate, string | undefined, TransportLimitName])[] = [
      [this.#known, certificate, 'connections_per_certificate'],
      [this.#owned, owner, 'connections_per_owner'],
      [this.#accounts, account, 'connections_per_account'],
    ];
    const places: Place[] = [];
    const leave = (): void => {
      for (const place of places) place.release();
    };
    for (const [gate, group, limit] of wanted) {
      if (group === undefined) continue;
      const place = gate.take();
      if (place?.assign(group) === true) {
        places.push(place);
        continue;
      }
      leave();
      return this.#over(place === undefined ? 'connections' : limit);
    }
    const { idleTimeoutMs, maximumMessageBytes } = this.limits;
    return { idleTimeoutMs, maximumMessageBytes, heard: true, leave };
  }

  #enterStranger(peer: PeerDescription): Verdict {
    const place = this.#strangers.take();
    if (place === undefined) return this.#over('strangers');
    if (!place.assign(addressGroup(peer.remoteAddress))) return this.#over('strangers_per_address');
    return { ...this.#asStranger(), heard: true, leave: place.release };
  }

  /** Who is over a limit may ask once. Where even these places are taken the answer is sent without waiting for the question. */
  #over(limit: TransportLimitName): Verdict {
    const place = this.handler.overLimit === undefined ? undefined : this.#turnedAway.take();
    if (place === undefined) return { ...this.#refused(limit), limit };
    return { ...this.#asStranger(), refusal: limit, limit, heard: true, leave: place.release };
  }

  #asStranger(): Pick<Verdict, 'idleTimeoutMs' | 'maximumMessageBytes'> {
    const { strangerIdleTimeoutMs, maximumStrangerMessageBytes, maximumMessageBytes } = this.limits;
    return {
      idleTimeoutMs: strangerIdleTimeoutMs,
      maximumMessageBytes: Math.min(maximumStrangerMessageBytes, maximumMessageBytes),
    };
  }

  #refused(refusal: string): Verdict {
    const { lingerMs, maximumMessageBytes } = this.limits;
    return { idleTimeoutMs: lingerMs, maximumMessageBytes, refusal, heard: false, leave: nothing };
  }
}
