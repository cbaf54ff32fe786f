import { asProblem } from '../api/problem';

/** Whether an answer says that there is none: for what an instance need not have. */
export const isAbsent = (error: Error | null): boolean => error !== null && asProblem(error).has('not_found');
