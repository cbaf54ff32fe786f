import { Inject, Injectable } from '@nestjs/common';

import { type Action } from '@lib/tenancy';

import { type Authorizer } from '../auth/authorizer.port';
import { type Principal } from '../auth/principal';
import { AUTHORIZER } from '../auth/tokens';
import { ApiError, notFound } from './api-error';
import { type BoundOperation, type InstanceScope } from './operation';
import { type QueryValues } from './openapi/contract';

/** What a caller may do, by IAM's word. */
@Injectable()
export class Permission {
  constructor(@Inject(AUTHORIZER) private readonly authorizer: Authorizer) {}

  /** @throws ApiError 403, or 404 for whoever may not even see the instance */
  async require(principal: Principal, resource: InstanceScope, actions: readonly Action[]): Promise<void> {
    const decide = async (action: Action): Promise<boolean> => {
      const [permitted = false] = await this.authorizer.decide([{ principal, action, resource }]);
      return permitted;
    };
    for (const action of actions) {
      if (await decide(action)) continue;
      // Whoever may not even see the instance does not learn from us that it exists.
      if (action === 'instance.read' || !(await decide('instance.read'))) throw notFound();
      throw ApiError.of(403, 'forbidden', `This needs the action \`${action}\` on the instance.`);
    }
  }
}

/** Actions that guard something of what this request carries; the body is valid by its schema. */
export function actionsOfContent(
  { ifGiven }: Pick<BoundOperation, 'ifGiven'>,
  body: unknown,
  query: QueryValues,
): readonly Action[] {
  const given: Readonly<Record<string, unknown>> = { ...query, ...(body as object | undefined) };
  // A switch that is off asks for nothing.
  const carried = Object.entries(ifGiven).filter(([field]) => Object.hasOwn(given, field) && given[field] !== false);
  return carried.map(([, action]) => action);
}
