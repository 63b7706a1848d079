// Preloaded into a process (NODE_OPTIONS=--import): no other process can prove that it ended, as if it ran on another
// machine or in another container. What a process knows of the others is then only what stands in the database.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const readlinkSync = fs.readlinkSync;
fs.readlinkSync = (path, ...rest) => {
  if (path === '/proc/self/ns/pid') throw new Error('another machine');
  return readlinkSync(path, ...rest);
};
syncBuiltinESMExports();
