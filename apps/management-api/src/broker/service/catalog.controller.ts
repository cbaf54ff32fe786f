import { Controller, Get, Inject, UseInterceptors } from '@nestjs/common';

import { type OsbAnswer, OsbAnswerInterceptor } from '../http/osb-answer';
import { Call, type OsbCall } from '../http/osb-call';
import { ServiceOffer } from './service-offer';

/** `GET /v2/catalog`. */
@Controller('v2/catalog')
@UseInterceptors(OsbAnswerInterceptor)
export class CatalogController {
  constructor(@Inject(ServiceOffer) private readonly offer: ServiceOffer) {}

  @Get()
  list(@Call() { ifNoneMatch }: OsbCall): OsbAnswer {
    const { catalogText, entityTag } = this.offer;
    const headers = { etag: entityTag };
    const known = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    if (known.includes(entityTag) || known.includes('*')) return { status: 304, headers };
    return { status: 200, body: catalogText, headers };
  }
}
