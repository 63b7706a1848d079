// Preloaded into a process (NODE_OPTIONS=--import): the name `postgres.test` is that of this machine for as long as the file that
// HOST_FILE names exists, and unknown before and after, as that of a container that is stopped.
import dns from 'node:dns';
import { existsSync } from 'node:fs';

const { lookup } = dns;
dns.lookup = (host, options, answer) => {
  if (host !== 'postgres.test') return lookup(host, options, answer);
  if (existsSync(process.env.HOST_FILE)) return lookup('127.0.0.1', options, answer);
  const told = typeof options === 'function' ? options : answer;
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
    ...{ code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host },
  });
  process.nextTick(told, error);
};
