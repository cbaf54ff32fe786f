import { type Instance } from './schema';

/** Whether the instance has a root key: what is still to be set up is its next step. */
export const isBound = ({ next_step: { code } }: Pick<Instance, 'next_step'>): boolean =>
  code !== 'set_credential' && code !== 'set_root_key';
