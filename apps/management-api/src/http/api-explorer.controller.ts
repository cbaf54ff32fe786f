import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Controller, Get, Inject } from '@nestjs/common';

import { type ApiDocument, openApiFolder } from './openapi/document';
import { Page } from './page.decorator';
import { API_DOCUMENT } from './tokens';

const read = (file: string): string => readFileSync(join(openApiFolder(), 'explorer', file), 'utf8');

/** The document and an interactive page for it, from local files alone. */
@Controller('v1')
export class ApiExplorerController {
  readonly #document: string;
  readonly #page = read('index.html');
  readonly #script = read('explorer.mjs');
  readonly #style = read('explorer.css');

  constructor(@Inject(API_DOCUMENT) document: ApiDocument) {
    this.#document = JSON.stringify(document.source);
  }

  @Get('openapi.json')
  @Page('application/json')
  document(): string {
    return this.#document;
  }

  @Get('docs')
  @Page('text/html')
  page(): string {
    return this.#page;
  }

  @Get('docs/explorer.mjs')
  @Page('text/javascript')
  script(): string {
    return this.#script;
  }

  @Get('docs/explorer.css')
  @Page('text/css')
  style(): string {
    return this.#style;
  }
}
