import type { Agent } from 'node:http';

/** What one connection meets that is silently dead, others to the same place are likely to have met too. `to`: how an agent's names of it begin. */
export const dropIdleConnections = ({ freeSockets }: Pick<Agent, 'freeSockets'>, to = ''): void => {
  for (const [name, sockets] of Object.entries(freeSockets)) if (name.startsWith(to)) for (const socket of sockets ?? []) socket.destroy();
};
