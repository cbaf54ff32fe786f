import { main } from './main';

/** The program as far as it is asked for here; a command may have said before how it ended. */
async function endedWith(argument: string, said: number | undefined): Promise<number | undefined> {
  const stream = { write: () => true, isTTY: false };
  let exitCode = said;
  const ended = new Promise<void>((resolve) => {
    const world = {
      argv: ['node', 'kmip4v', argument],
      env: {},
      stdout: stream,
      stderr: stream,
      get exitCode() {
        return exitCode;
      },
      set exitCode(value: number | undefined) {
        exitCode = value;
        resolve();
      },
    };
    main(world as unknown as NodeJS.Process);
  });
  await ended;
  return exitCode;
}

describe('what the program ends with', () => {
  it.each([
    ['all was done', '--version', undefined, 0],
    ['something is left to do', '--version', 1, 1],
    ['what was typed is not known', '--nonsense', undefined, 2],
    ['a mistake is worse than what is left', '--nonsense', 1, 2],
  ])('%s', async (_name, argument, said, expected) => {
    await expect(endedWith(argument, said)).resolves.toBe(expected);
  });
});
