import { type Type } from '@nestjs/common';
import { quietly } from '@lib/platform';
import { NestFactory } from '@nestjs/core';

import { type AdminConfig } from './admin.config';
import { AdminModule } from './admin.module';
import { type Arguments } from './arguments';
import { type Command } from './command';

/**
 * Opens the region for one command, in Nest's standalone context.
 * @param printed called with what the command has to say while the region is open still
 */
export async function runInRegion(
  command: Type<Command>,
  config: AdminConfig,
  given: Arguments,
  printed: (value: unknown) => Promise<void>,
): Promise<void> {
  const context = await NestFactory.createApplicationContext(AdminModule.forCommand(command, config), quietly());
  try {
    await printed(await context.get(command).run(given));
  } finally {
    await context.close();
  }
}
