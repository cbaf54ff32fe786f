import { Workshop } from './support/workshop';

describe('what is given to a vCenter that is connected already', () => {
  let workshop: Workshop;

  beforeAll(async () => {
    workshop = await Workshop.start();
    await workshop.done('connect', '--provider', 'ours');
  });
  afterAll(() => workshop.close());

  const again = (...words: string[]) => workshop.kmip4v(['vcenter', 'connect', '--provider', 'ours', ...words]);

  it('is said to be unused where it is about a certificate that is not made', async () => {
    const { exit, err } = await again('--trust', 'csr', '--common-name', 'vc.example.com');
    expect([exit, /--trust and --common-name: not used/.test(err)]).toEqual([0, true]);
    expect(err).toContain('kmip4v vcenter renew --now --trust csr');
  });

  it.each([[[]], [['--trust', 'root-ca']], [['--test']]])('is not where it is so: %j', async (words) => {
    const { exit, err } = await again(...words);
    expect([exit, err.includes('not used')]).toEqual([0, false]);
  });

  it.each(['connect', 'renew'])('is refused where it is no fingerprint of the service: %s', async (verb) => {
    const before = workshop.snapshot();
    const words = ['--provider', 'ours', '--server-fingerprint', 'AB:'.repeat(31) + 'AB'];
    const { exit, err } = await workshop.kmip4v(['vcenter', verb, ...words]);
    expect([exit, err.includes('--server-fingerprint is the fingerprint of none')]).toEqual([3, true]);
    expect(workshop.snapshot()).toEqual(before);
  });
});
