import { Module } from '@nestjs/common';

/** Composition root of the management app. */
@Module({})
export class ManagementModule {}
