import { type KmipClient } from '@lib/kmip-client';
import { type IssuedCertificate } from '@lib/pki';
import { type Dice } from '@lib/testing';

import { Violation } from './known-key';
import { RefusedCall, type Region } from './region';
import { type SeedTenant } from './tenant';

interface Guest {
  readonly name: string;
  readonly certificate: IssuedCertificate;
  standing: 'never let in' | 'let in' | 'removed' | 'unknown';
  id?: string;
  /** Opened while it was let in. */
  client?: KmipClient | undefined;
}

/** Client certificates that are added and removed, and what their holders get. */
export class GuestBook {
  readonly guests: readonly Guest[];
  /** Removals that were acknowledged. */
  removals = 0;

  constructor(
    private readonly region: Region,
    private readonly tenant: SeedTenant,
  ) {
    this.guests = tenant.guests.map((certificate, index) => ({
      name: `guest-${index}`,
      certificate,
      standing: 'never let in',
    }));
  }

  /** @param use what a guest does with its connection; true when it was given a key */
  async step(dice: Dice, use: (client: KmipClient) => Promise<boolean>): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 30 + dice.below(100)));
    const guest = dice.pick(this.guests);
    if (guest.standing === 'unknown') return;
    if (guest.standing !== 'let in') {
      if (guest.standing === 'removed') await this.requireRefused(guest, use);
      await this.#letIn(guest);
      return;
    }
    guest.client ??= await this.region.kmip(guest.certificate, dice.below(2));
    await use(guest.client).catch((error: unknown) => {
      guest.client = undefined;
      if (error instanceof Violation) throw error;
    });
    if (dice.chance(0.8)) await this.#remove(guest, use);
  }

  /** On both endpoints, and on the connection it has. Failures of any kind are fine. */
  async requireRefused(guest: Guest, use: (client: KmipClient) => Promise<boolean>): Promise<void> {
    const attempts = [0, 1].map((endpoint) => () => this.region.kmip(guest.certificate, endpoint));
    const { client } = guest;
    if (client !== undefined) attempts.push(() => Promise.resolve(client));
    guest.client = undefined;
    for (const attempt of attempts) {
      const opened = await attempt().catch(() => undefined);
      if (opened === undefined) continue;
      const served = await use(opened).catch((error: unknown) => {
        if (error instanceof Violation) throw error;
        return false;
      });
      await opened.close();
      if (served) throw new Violation(`${guest.name} was given a key after its certificate was removed`);
    }
  }

  async close(): Promise<void> {
    for (const guest of this.guests) await guest.client?.close();
  }

  async #letIn(guest: Guest): Promise<void> {
    const body = { name: guest.name, certificate: guest.certificate.certificatePem };
    await this.#asked(guest, 'let in', async () => {
      guest.id = (await this.tenant.api<{ id: string }>('POST', '/client_certificates', body)).id;
    });
  }

  async #remove(guest: Guest, use: (client: KmipClient) => Promise<boolean>): Promise<void> {
    await this.#asked(guest, 'removed', async () => {
      await this.tenant.api('DELETE', `/client_certificates/${guest.id ?? ''}?confirm=${guest.name}`);
      this.removals += 1;
    });
    if (this.#hasLeft(guest)) await this.requireRefused(guest, use);
  }

  #hasLeft({ standing }: Guest): boolean {
    return standing === 'removed';
  }

  /** What is asked for and not answered may be done at any time: then nothing is known of the guest any more. */
  async #asked(guest: Guest, wanted: Guest['standing'], call: () => Promise<void>): Promise<void> {
    try {
      await call();
      guest.standing = wanted;
    } catch (error) {
      if (!(error instanceof RefusedCall && error.status < 500)) guest.standing = 'unknown';
      throw error;
    }
  }
}
