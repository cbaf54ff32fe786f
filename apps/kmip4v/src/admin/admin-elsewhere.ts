import { argumentList, command, type Entry } from '../command-line/command';
import { usageFault } from '../command-line/faults';

/** In the package that tenants install: says where the operator's commands are. */
export const ADMIN: Entry = {
  name: 'admin',
  about: 'For the operator of the service: in its repository and its image alone',
  command: () =>
    Promise.resolve(
      command({
        name: 'admin',
        about: 'For the operator of the service: in its repository and its image alone',
        arguments: { words: { ...argumentList('of the command'), presence: 'any' } },
        run: () => {
          throw usageFault(
            'the commands of the operator are not in this package: they need the database and the settings of the service',
            'run `npx kmip4v admin` in a checkout of the service, or `kmip4v admin` in its image',
          );
        },
      }),
    ),
};
