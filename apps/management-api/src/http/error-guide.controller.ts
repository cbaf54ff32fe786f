import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Controller, Get } from '@nestjs/common';

import { errorGuide } from './error-guide';
import { openApiFolder } from './openapi/document';
import { Page } from './page.decorator';

/** docs/errors.md, which is installed beside the document of the API. */
export const readErrorGuide = (folder = openApiFolder()): string =>
  errorGuide(readFileSync(join(dirname(folder), 'errors.md'), 'utf8'));

/**
 * What every `more_info` points at: cause and remedy of each error, for whoever follows the link, without a token.
 * Always served, unlike the explorer: an error must be understood in production first of all.
 */
@Controller('v1/errors')
export class ErrorGuideController {
  readonly #page = readErrorGuide();
  readonly #style = readFileSync(join(openApiFolder(), 'explorer', 'explorer.css'), 'utf8');

  @Get()
  @Page('text/html')
  page(): string {
    return this.#page;
  }

  @Get('page.css')
  @Page('text/css')
  style(): string {
    return this.#style;
  }
}
