// The server: POST /predict answers which digits are in images, GET /health how it is. Called by index.ts and the tests.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import fastify, { type FastifyInstance } from 'fastify';
import * as torch from 'flambeau';
import type { Model } from './model.ts';

const PIXELS = 28 * 28;
/** Images in one request, and requests that may wait for their answer; more are told to come back later. */
const MOST_IMAGES = 64;
const MOST_WAITING = 512;

/** What a client sends: images as rows of 784 numbers from 0 (paper) to 1 (ink). */
interface Question {
  images: number[][];
}
/** What it gets, for each image. */
export interface Prediction {
  digit: number;
  probability: number;
}
/** What GET /health gives; bytes, and milliseconds since GET /health?reset was asked for, or the start. */
export interface Health {
  status: 'ok';
  answered: number;
  waiting: number;
  rss: number;
  eventLoopDelay: { p50: number; p99: number; max: number };
}

// Fastify compiles this: whatever does not fit is answered with 400 and the reason, before any code of ours sees it
const question = {
  type: 'object',
  required: ['images'],
  additionalProperties: false,
  properties: {
    images: {
      type: 'array',
      minItems: 1,
      maxItems: MOST_IMAGES,
      items: {
        type: 'array',
        minItems: PIXELS,
        maxItems: PIXELS,
        items: { type: 'number', minimum: 0, maximum: 1 },
      },
    },
  },
};

const ms = (nanoseconds: number): number => Math.round(nanoseconds / 1e4) / 100;

/** The server, which listens when it is told to. `close()` answers what has come in before it ends. */
export function makeServer(model: Model): FastifyInstance {
  const server = fastify({
    bodyLimit: 2 ** 20,
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  monitor.enable();
  server.addHook('onClose', async () => void monitor.disable());
  // connections are kept for more requests, which a server that ends would wait for
  let closing = false;
  server.addHook('preClose', async () => void (closing = true));
  server.addHook('onSend', async (_request, reply) => void (closing && reply.header('connection', 'close')));
  let waiting = 0;
  let answered = 0;

  server.post<{ Body: Question }>('/predict', { schema: { body: question } }, async ({ body }, reply) => {
    if (waiting >= MOST_WAITING) return reply.code(503).header('retry-after', 1).send({ message: 'too many requests' });
    waiting++;
    try {
      const images = torch.tensor(body.images, { dtype: 'float32' }); // (B, 784)
      const probabilities = await model.forwardAsync(images); // (B, 10): the event loop is free meanwhile
      const { values, indices } = probabilities.max(1);
      const [digits, best] = [indices.tolist() as number[], values.tolist() as number[]];
      answered++;
      const predictions = digits.map((digit, i): Prediction => ({ digit, probability: best[i]! }));
      return { predictions };
    } finally {
      waiting--;
    }
  });

  server.get<{ Querystring: { reset?: string } }>('/health', async ({ query }): Promise<Health> => {
    const eventLoopDelay = { p50: ms(monitor.percentile(50)), p99: ms(monitor.percentile(99)), max: ms(monitor.max) };
    if (query.reset !== undefined) monitor.reset();
    return { status: 'ok', answered, waiting, rss: process.memoryUsage.rss(), eventLoopDelay };
  });
  return server;
}
