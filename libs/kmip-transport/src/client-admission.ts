import { addressGroup } from './addresses';
import { type Admission, type KmipConnectionHandler } from './handler';
import { type TransportLimitName, type TransportLimits } from './limits';
import { type PeerDescription } from './peer';
import { PlaceGate } from './place-gate';

/** How a client is let in, or why not. */
export interface Verdict {
  readonly idleTimeoutMs: number;
  readonly maximumMessageBytes: number;
  readonly refusal?: string;
  readonly limit?: TransportLimitName;
  /** Gives the client's places back; call it when its connection is closed. */
  readonly leave: () => void;
}

const nothing = (): void => undefined;

/**
 * Counts connections per certificate and per owner for known clients, and all together and per address for strangers, so that
 * neither a busy client nor a flood of unknown certificates takes the places of others.
 */
export class ClientAdmission {
  readonly #strangers: PlaceGate;
  readonly #known: PlaceGate;
  readonly #owned: PlaceGate;

  constructor(
    private readonly handler: KmipConnectionHandler,
    private readonly limits: TransportLimits,
  ) {
    this.#strangers = new PlaceGate(limits.maximumStrangers, limits.maximumStrangersPerAddress);
    this.#known = new PlaceGate(limits.maximumConnections, limits.maximumConnectionsPerCertificate);
    this.#owned = new PlaceGate(limits.maximumConnections, limits.maximumConnectionsPerOwner);
  }

  enter(peer: PeerDescription): Verdict {
    const admission = this.#ask(peer);
    if (admission === 'stranger') return this.#enterStranger(peer);
    if (admission === 'known') return this.#enterKnown(peer);
    return 'refuse' in admission ? this.#refused(admission.refuse) : this.#enterKnown(peer, admission.owner);
  }

  /** A handler that throws has no opinion, and who is not known is a stranger. */
  #ask(peer: PeerDescription): Admission {
    try {
      return this.handler.admit === undefined ? 'known' : this.handler.admit(peer);
    } catch {
      return 'stranger';
    }
  }

  #enterKnown(peer: PeerDescription, owner?: string): Verdict {
    const place = this.#known.take();
    if (place === undefined) return this.#refused('connections', 'connections');
    if (!place.assign(peer.fingerprint ?? `none ${addressGroup(peer.remoteAddress)}`)) {
      return this.#refused('connections_per_certificate', 'connections_per_certificate');
    }
    const owned = owner === undefined ? undefined : this.#owned.take();
    if (owner !== undefined && owned?.assign(owner) !== true) {
      place.release();
      return this.#refused('connections_per_owner', 'connections_per_owner');
    }
    const { idleTimeoutMs, maximumMessageBytes } = this.limits;
    const leave = (): void => {
      place.release();
      owned?.release();
    };
    return { idleTimeoutMs, maximumMessageBytes, leave };
  }

  #enterStranger(peer: PeerDescription): Verdict {
    const place = this.#strangers.take();
    if (place === undefined) return this.#refused('strangers', 'strangers');
    if (!place.assign(addressGroup(peer.remoteAddress))) {
      return this.#refused('strangers_per_address', 'strangers_per_address');
    }
    return {
      idleTimeoutMs: this.limits.strangerIdleTimeoutMs,
      maximumMessageBytes: Math.min(this.limits.maximumStrangerMessageBytes, this.limits.maximumMessageBytes),
      leave: place.release,
    };
  }

  #refused(refusal: string, limit?: TransportLimitName): Verdict {
    return {
      idleTimeoutMs: this.limits.lingerMs,
      maximumMessageBytes: this.limits.maximumMessageBytes,
      refusal,
      ...(limit === undefined ? {} : { limit }),
      leave: nothing,
    };
  }
}
