import { type ModuleMetadata } from '@nestjs/common';
import { quietly } from '@lib/platform';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';

import { SpaceAdapter } from '../src/http/space-adapter';
import { verifiedAnswers } from './verified-answers';

/** An application over HTTP that answers 500 to what it would answer against the document; it does not listen yet. */
export const testApp = (imports: NonNullable<ModuleMetadata['imports']>): Promise<NestFastifyApplication> =>
  compiledApp(Test.createTestingModule({ imports, providers: [verifiedAnswers] }));

export async function compiledApp(builder: TestingModuleBuilder): Promise<NestFastifyApplication> {
  const module = await builder.compile();
  return module.createNestApplication<NestFastifyApplication>(new SpaceAdapter(), quietly({ bodyParser: false }));
}
