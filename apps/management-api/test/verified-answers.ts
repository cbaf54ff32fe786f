import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';

import { stateOf } from '../src/http/request-state';

const NOT_MODIFIED = 304;

/** Fails what is answered against the document. */
@Injectable()
class VerifiedAnswers implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { contract } = stateOf(http.getRequest<FastifyRequest>()).operation ?? {};
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((body: unknown) => {
        const type = reply.getHeader('content-type');
        const isOther = type !== undefined && !String(type).startsWith('application/json;');
        if (!contract || reply.statusCode === NOT_MODIFIED || isOther) return body;
        // As it will be on the wire: undefined fields are left out.
        const wired: unknown = body && JSON.parse(JSON.stringify(body));
        const fault = contract.answerFault(reply.statusCode, wired);
        if (fault !== undefined) throw new Error(`${contract.operation.id} answers against its document: ${fault}`);
        return body;
      }),
    );
  }
}

/** To be provided by a test's module. */
export const verifiedAnswers = { provide: APP_INTERCEPTOR, useClass: VerifiedAnswers };
