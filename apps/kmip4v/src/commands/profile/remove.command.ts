import { argument, command } from '../../command-line/command';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { told } from '../../output/answer';
import { profileFilePath, readProfiles, writeProfiles } from '../../profiles/profile-file';

export const profileRemove = command({
  name: 'remove',
  about: 'Remove a profile, with the API key that it may hold',
  arguments: { name: argument('of the profile') },
  async run({ name }, { env }) {
    const path = profileFilePath(env);
    const { current, profiles } = await readProfiles(path);
    const { [name]: removed, ...others } = profiles;
    if (removed === undefined) {
      throw new CommandFault(EXIT.notFound, `there is no profile ${name}`, 'kmip4v profile list');
    }
    await writeProfiles(path, {
      ...(current !== undefined && current !== name && { current }),
      profiles: others,
    });
    return told(`Profile ${name} was removed.`, { profile: name });
  },
});
