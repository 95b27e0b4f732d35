// Node's modules that few scripts need, loaded when they are first asked for: together they were a fifth of the time from
// require('flambeau') to the first result. Used by memory.ts, data/ and vision/.
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

export const workerThreads = (): typeof import('node:worker_threads') => load('node:worker_threads');
export const zlib = (): typeof import('node:zlib') => load('node:zlib');
export const crypto = (): typeof import('node:crypto') => load('node:crypto');
export const v8 = (): typeof import('node:v8') => load('node:v8');
export const vm = (): typeof import('node:vm') => load('node:vm');
