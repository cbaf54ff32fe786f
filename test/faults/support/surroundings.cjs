/**
 * Loaded into a process of the product before anything else (`node --require`): its machine. `PORT_ROUTES` leads
 * connections to a port over another one, as a router does; `CLOCK_FILE` says by how many milliseconds the wall clock is
 * wrong. Monotonic time goes on as it did, as it does on a machine whose clock is set.
 */
const { readFileSync, watch } = require('node:fs');
const { Socket } = require('node:net');

const routes = JSON.parse(process.env.PORT_ROUTES || '{}');
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  if (options !== null && typeof options === 'object' && routes[options.port] !== undefined) {
    options.port = routes[options.port];
  }
  return connect.apply(this, args);
};

const clockFile = process.env.CLOCK_FILE;
if (clockFile) {
  const Real = Date;
  let wrongByMs = 0;
  const read = () => {
    try {
      wrongByMs = Number(readFileSync(clockFile, 'utf8')) || 0;
    } catch {
      wrongByMs = 0;
    }
  };
  const now = () => Real.now() + wrongByMs;
  globalThis.Date = class Date extends Real {
    constructor(...args) {
      super(...(args.length === 0 ? [now()] : args));
    }
    static now() {
      return now();
    }
  };
  read();
  watch(clockFile, { persistent: false }, read);
}
