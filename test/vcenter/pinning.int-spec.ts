import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Connection } from '../../apps/kmip4v/src/profiles/connection-file';
import { PASSWORD } from '../../apps/local-vcenter/test/test-vcenter';
import { ADMINISTRATOR, type Ran, Workshop } from './support/workshop';

const OTHER = Array.from({ length: 32 }, () => 'AB').join(':');

describe('the certificate of a vCenter', () => {
  let workshop: Workshop;

  beforeAll(async () => {
    workshop = await Workshop.start();
  });
  afterAll(() => workshop.close());

  const file = (): string => {
    const { host } = new URL(workshop.vcenter.vcenter.url);
    return join(workshop.folder, 'kmip4v', 'vcenters', `${host.replace(':', '_')}.json`);
  };
  const pins = async (): Promise<string> => readFile(file(), 'utf8');
  const inventory = (...words: string[]): Promise<Ran> => workshop.kmip4v(['vcenter', 'inventory', ...words]);
  const fingerprint = (): string => workshop.vcenter.vcenter.fingerprint;
  const demo = (pinned: string): Connection =>
    ({
      vcenter: { url: workshop.vcenter.vcenter.url, user: ADMINISTRATOR, password: PASSWORD, fingerprint: pinned },
    }) as unknown as Connection;

  it('is trusted at first use, with its fingerprint shown', async () => {
    const { exit, err } = await inventory();
    expect([exit, err.includes(`SHA-256 ${fingerprint()}`)]).toEqual([0, true]);
    expect(await pins()).toContain(fingerprint());
  });

  it('is refused when it has changed, with both shown and the one command that trusts the new one', async () => {
    await inventory('--fingerprint', fingerprint());
    await writeFile(file(), (await pins()).replace(fingerprint(), OTHER));
    const refused = await inventory();
    expect(refused.exit).toBe(3);
    expect(refused.err).toContain(`Trusted: ${OTHER}`);
    expect(refused.err).toContain(`presented: ${fingerprint()}`);
    expect(refused.err).toContain(`--fingerprint ${fingerprint()}`);
    const accepted = await inventory('--fingerprint', fingerprint());
    expect(accepted.exit).toBe(0);
    expect(accepted.err).toContain(`in place of ${OTHER}`);
    expect((await inventory()).exit).toBe(0);
  });

  it('is what connection.json says of the demo that runs here, whatever was trusted at its address before', async () => {
    await writeFile(file(), (await pins()).replace(fingerprint(), OTHER));
    const { exit, err } = await workshop.kmip4v(['vcenter', 'inventory'], { demo: demo(fingerprint()) });
    expect([exit, err]).toEqual([0, expect.not.stringContaining('Trusting') as string]);
    expect((await inventory()).exit).toBe(0);
  });

  it('is refused where connection.json says another one', async () => {
    const { exit, err } = await workshop.kmip4v(['vcenter', 'inventory'], { demo: demo(OTHER) });
    expect([exit, err.includes(OTHER), err.includes(fingerprint())]).toEqual([3, true, true]);
  });

  it.each([
    ['is nonsense', 'nonsense', 0o600, /not understood/],
    ['others can write', '{}', 0o666, /others can/],
  ])('is trusted by no file that %s', async (_name, text, mode, words) => {
    await writeFile(file(), text);
    await chmod(file(), mode);
    const { exit, err } = await inventory();
    await rm(file());
    expect([exit, err]).toEqual([3, expect.stringMatching(words) as string]);
  });
});
