import { Inject, Injectable } from '@nestjs/common';

import { type OsbAnswer, type OsbCall, type OsbRoute } from '../http/osb-call';
import { ServiceOffer } from './service-offer';

/** `GET /v2/catalog`. */
@Injectable()
export class CatalogController {
  constructor(@Inject(ServiceOffer) private readonly offer: ServiceOffer) {}

  readonly routes: readonly OsbRoute[] = [{ method: 'GET', path: '/catalog', handle: (call) => this.list(call) }];

  private list({ ifNoneMatch }: OsbCall): OsbAnswer {
    const { catalogText, entityTag } = this.offer;
    const headers = { etag: entityTag };
    const known = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    if (known.includes(entityTag) || known.includes('*')) return { status: 304, headers };
    return { status: 200, body: catalogText, headers };
  }
}
