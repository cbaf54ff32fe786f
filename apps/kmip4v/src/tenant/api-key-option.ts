import { value } from '../command-line/command';
import { type Context } from '../command-line/context';
import { apiKeyIn } from '../profiles/token';

export const API_KEY_FILE = value(
  'FILE',
  'file with the API key, as it is or as JSON; - reads standard input; asked for where there is none',
);

/** Of a root key that comes with an API key of its own. */
export const OWN_API_KEY_FILE = value(
  'FILE',
  'file with an API key for this root key, where it lies in another account; - reads standard input',
);

export const apiKeyFrom = async ({ read }: Pick<Context, 'read'>, file: string): Promise<string> =>
  apiKeyIn(String(await read(file)));

export const apiKeyAsked = async (context: Context, file: string | undefined): Promise<string> =>
  file === undefined
    ? apiKeyIn(await context.ask.secret('API key: ', '--api-key-file FILE'))
    : apiKeyFrom(context, file);
