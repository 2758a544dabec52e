import { once } from 'node:events';
import { connect } from 'node:net';

/** The address of a server that `just run-db` starts. */
export const DEFAULT_URI = 'mongodb://localhost:27017';

/**
 * Returns the port of the server in a MongoDB URI if it is the only one and on this machine, otherwise null.
 * @param {string} uri
 * @returns {number | null}
 */
export function localPort(uri) {
  const [, port = '27017'] =
    /^mongodb:\/\/(?:[^/?]*@)?(?:localhost|127(?:\.\d+){3}|\[::1\])(?::(\d+))?(?:[/?]|$)/i.exec(uri) ?? [null, null];
  return port === null ? null : Number(port);
}

/**
 * Reports whether a server on this machine accepts connections.
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export async function accepts(port) {
  const socket = connect({ port, host: 'localhost' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
