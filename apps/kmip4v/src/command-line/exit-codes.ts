/** What the program ends with. Documented in the help and in docs/kmip4v.md; a number never changes its meaning. */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 3, notFound: 4, unavailable: 5 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: 'done, or what was asked for holds',
  [EXIT.failed]: 'failed, or what was asked for does not hold',
  [EXIT.usage]: 'the command line or what it was given is wrong; nothing was done',
  [EXIT.refused]: 'refused: no permission, a guard, a state that does not allow it, or a server that is not trusted',
  [EXIT.notFound]: 'what was named is not there',
  [EXIT.unavailable]: 'the service, or something that it needs, could not be reached; try again',
};
