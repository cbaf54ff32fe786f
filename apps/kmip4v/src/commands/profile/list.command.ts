import { command } from '../../command-line/command';
import { listed } from '../../output/answer';
import { type Columns } from '../../output/table';
import { describeTokenSource } from '../../profiles/profile';
import { profileFilePath, readProfiles } from '../../profiles/profile-file';

interface ListedProfile {
  readonly name: string;
  readonly in_use: boolean;
  readonly url: string;
  readonly instance: string | undefined;
  readonly token: string;
}

const COLUMNS: Columns<ListedProfile> = [
  ['name', ({ name }) => name],
  ['in use', ({ in_use: used }) => used],
  ['url', ({ url }) => url],
  ['instance', ({ instance }) => instance],
  ['token', ({ token }) => token],
];

export const profileList = command({
  name: 'list',
  about: 'List the profiles, without what is secret in them',
  async run(_given, { env }) {
    const { current, profiles } = await readProfiles(profileFilePath(env));
    const items = Object.entries(profiles).map(([name, { url, instance, token }]): ListedProfile => ({
      name,
      in_use: name === current,
      url,
      instance,
      token: describeTokenSource(token),
    }));
    return listed(items, COLUMNS, 'There is no profile: kmip4v profile add --help');
  },
});
