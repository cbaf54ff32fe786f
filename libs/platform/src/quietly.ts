import { NestApplicationContextOptions } from '@nestjs/common/interfaces/nest-application-context-options.interface';

const QUIET = { logger: false, abortOnError: false } as const;

/** Options of a Nest application of ours: its own lines say nothing an operator needs, and faults reach who starts it. */
export const quietly = <Options extends object = object>(options?: Options): NestApplicationContextOptions & Options =>
  Object.assign(new NestApplicationContextOptions(), QUIET, options);
