import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';

export interface OsbAnswer {
  readonly status: number;
  /** A text is sent as it is. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Puts the answer of a method on the wire. */
@Injectable()
export class OsbAnswerInterceptor implements NestInterceptor<OsbAnswer> {
  intercept(execution: ExecutionContext, next: CallHandler<OsbAnswer>): Observable<unknown> {
    const reply = execution.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map(({ status, body, headers = {} }) => {
        reply.code(status).headers({ ...headers });
        if (body !== undefined) reply.type('application/json; charset=utf-8');
        return body;
      }),
    );
  }
}
