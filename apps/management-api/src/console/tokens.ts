/** Folder of the built console. */
export const CONSOLE_FOLDER = Symbol('CONSOLE_FOLDER');
/** Sign-ins of one address: each is a row until somebody comes back. */
export const LOGIN_LIMITER = Symbol('LOGIN_LIMITER');
/** Undefined where nobody can sign in. */
export const IAM_LOGIN = Symbol('IAM_LOGIN');
