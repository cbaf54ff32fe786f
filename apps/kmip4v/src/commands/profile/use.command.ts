import { argument, command } from '../../command-line/command';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { told } from '../../output/answer';
import { profileFilePath, readProfiles, writeProfiles } from '../../profiles/profile-file';

export const profileUse = command({
  name: 'use',
  about: 'Use a profile where none is named',
  arguments: { name: argument('of the profile') },
  async run({ name }, { env }) {
    const path = profileFilePath(env);
    const { profiles } = await readProfiles(path);
    if (!Object.hasOwn(profiles, name)) {
      throw new CommandFault(EXIT.notFound, `there is no profile ${name}`, 'kmip4v profile list');
    }
    await writeProfiles(path, { current: name, profiles });
    return told(`Profile ${name} is in use.`, { profile: name, in_use: true });
  },
});
