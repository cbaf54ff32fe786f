import { shownAt } from './instance-view';

describe('a fingerprint of the endpoints', () => {
  const shown = (...ports: readonly (number | undefined)[]): string =>
    shownAt(
      ports.map((port, index) => ({
        name: `kmip-${index + 1}`,
        hostname: '',
        port: port ?? 0,
      })),
      ({ port }) => (port === 0 ? undefined : `f${port}`),
    );

  it.each([
    ['is said once where all have it', [1, 1], 'f1'],
    ['is said with its endpoint where they differ', [1, 2], 'f1 at kmip-1, f2 at kmip-2'],
    ['and where one has none', [undefined, 2], 'f2 at kmip-2'],
    ['is nothing where none has it', [undefined, undefined], ''],
  ])('%s', (_what, ports, text) => expect(shown(...ports)).toBe(text));
});
