import { type FastifyInstance, type FastifyRequest } from 'fastify';

type Socket = FastifyRequest['socket'];

/**
 * Lets the server end once it is asked to. By themselves Node and Fastify close the connections that are idle at that
 * moment alone, and look for slow requests no longer: a connection that becomes idle, one that was never used and a
 * request that is not finished would each hold the process for as long as they like.
 * @param graceMs for requests under way, to be received and answered
 */
export function drainOnClose(fastify: FastifyInstance, graceMs: number): void {
  const open = new Set<Socket>();
  let isDraining = false;
  fastify.server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  fastify.addHook('onSend', (_request, reply, payload, next) => {
    if (isDraining) reply.header('connection', 'close');
    next(null, payload);
  });
  fastify.addHook('preClose', (done) => {
    isDraining = true;
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    const cut = setTimeout(() => fastify.server.closeAllConnections(), graceMs);
    fastify.server.once('close', () => clearTimeout(cut));
    done();
  });
}
