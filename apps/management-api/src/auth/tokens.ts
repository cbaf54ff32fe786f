/** Says what a principal may do. */
export const AUTHORIZER = Symbol('AUTHORIZER');
