import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { COMMANDS } from './commands';

describe('the table of commands', () => {
  it('loads each command from the file of its name, and has each file', async () => {
    const files = (await readdir(join(__dirname, 'commands'))).filter((name) => name.endsWith('.command.ts'));
    expect(COMMANDS.map(({ name }) => `${name.replace(' ', '-')}.command.ts`).sort()).toEqual(files.sort());
    for (const entry of COMMANDS) {
      const command = await ('alone' in entry ? entry.alone() : entry.inRegion());
      const words = entry.name.split(/[ -]/).join('');
      expect(command.name.toLowerCase()).toBe(words);
    }
  }, 60_000);
});
