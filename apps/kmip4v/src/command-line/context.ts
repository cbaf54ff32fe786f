import { type TenantApi } from '@lib/tenant-api-client';

import { type Output } from '../output/output';
import { type Connection } from '../profiles/connection-file';
import { type Profile } from '../profiles/profile';
import { type Prompt } from './prompt';
import { type Described } from './reference';

/** What a command works with. */
export interface Context {
  readonly out: Output;
  readonly ask: Prompt;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of all commands, given before or after the command's own words. */
  readonly shared: SharedOptions;
  /** Of a file, or of standard input for `-`. @throws CommandFault */
  readonly read: (file: string) => Promise<Buffer>;
  readonly profile: () => Promise<Profile>;
  /** The tenant API that the profile names. Nothing is asked before it is used. */
  readonly api: () => Promise<TenantApi>;
  /** The tenant API, and the instance that is worked on. @throws CommandFault when it is not clear which */
  readonly tenant: () => Promise<{ readonly api: TenantApi; readonly instance: string }>;
  /** Folder of the repository that the program was started from, if it was. */
  readonly checkout: string | undefined;
  /** To be called before something is changed without the tenant API: a result that is lost is then told of. */
  readonly changes: () => void;
  /** The whole program, with all that it can do loaded. */
  readonly reference: () => Promise<Described>;
  /** The demo that runs in this checkout, or that was named, if there is one. */
  readonly demo: () => Promise<Connection | undefined>;
  /** Its stand-in vCenter, waited for while it starts. */
  readonly demoVcenter: () => Promise<Connection['vcenter']>;
}

export interface SharedOptions {
  readonly profile: string | undefined;
  readonly connection: string | undefined;
  readonly instance: string | undefined;
  /** The same where it stands on the command line, and not in the environment. */
  readonly typedInstance?: string | undefined;
  readonly role: string | undefined;
}
