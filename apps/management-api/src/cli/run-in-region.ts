import { type Type } from '@nestjs/common';
import { NestApplicationContextOptions } from '@nestjs/common/interfaces/nest-application-context-options.interface';
import { NestFactory } from '@nestjs/core';

import { type AdminConfig } from './admin.config';
import { AdminModule } from './admin.module';
import { type Arguments } from './arguments';
import { type Command } from './command';

/** Faults reach the caller: Nest itself prints nothing and does not end the process. */
const quiet = Object.assign(new NestApplicationContextOptions(), { logger: false as const, abortOnError: false });

/**
 * Opens the region for one command, in Nest's standalone context.
 * @param printed called with what the command has to say while the region is open still
 */
export async function runInRegion(
  command: Type<Command>,
  config: AdminConfig,
  given: Arguments,
  printed: (value: unknown) => void,
): Promise<void> {
  const context = await NestFactory.createApplicationContext(AdminModule.forCommand(command, config), quiet);
  try {
    printed(await context.get(command).run(given));
  } finally {
    await context.close();
  }
}
