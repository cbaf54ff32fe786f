import { UsageError } from './arguments';

/** SQLSTATE. */
const PERMISSION_DENIED = '42501';

/** @throws UsageError when the database does not permit it: the logins of processes may not, and npm start has no other */
export async function asOwner<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === PERMISSION_DENIED)) throw error;
    throw new UsageError(
      'the login of DATABASE_URL may not do this: set DATABASE_URL to that of the owner of the database',
    );
  }
}
