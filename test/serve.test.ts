// The example of examples/serve: answers what the model gives, refuses nonsense, and stays up under load until it is stopped.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as torch from 'flambeau';
import { afterAll, test } from 'vitest';
import { load } from '../examples/serve/load.ts';
import { loadModel, trainCheckpoint } from '../examples/serve/model.ts';
import { makeServer, type Prediction } from '../examples/serve/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'flambeau-serve-'));
const checkpoint = join(folder, 'digits.pt');
trainCheckpoint(checkpoint, 1);
afterAll(() => rmSync(folder, { recursive: true }));

const blank = new Array<number>(784).fill(0);

test('answers what the model gives, several at once', async () => {
  const model = loadModel(checkpoint);
  const server = makeServer(model);
  await Promise.all(
    Array.from({ length: 12 }, async (_, i) => {
      const images = torch.rand(1 + (i % 3), 784);
      const expected = torch.noGrad(() => model.forward(images));
      const answer = await server.inject({ method: 'POST', url: '/predict', payload: { images: images.tolist() } });
      assert.equal(answer.statusCode, 200);
      const { predictions } = answer.json<{ predictions: Prediction[] }>();
      assert.equal(predictions.length, images.size(0));
      for (const [row, { digit, probability }] of predictions.entries())
        assert.ok(Math.abs(expected.index(row, digit).item() - probability) < 1e-5);
    }),
  );
  const health = (await server.inject('/health')).json<{ status: string; answered: number; waiting: number }>();
  assert.deepEqual([health.status, health.answered, health.waiting], ['ok', 12, 0]);
  await server.close();
});

test('nonsense gets 400 and the reason', async () => {
  const server = makeServer(loadModel(checkpoint));
  const ask = async (payload: string): Promise<[number, string]> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await server.inject({ method: 'POST', url: '/predict', payload, headers });
    return [answer.statusCode, answer.json<{ message: string }>().message];
  };
  const wrong: Record<string, RegExp> = {
    '{': /JSON/,
    '{}': /must have required property 'images'/,
    '[]': /body must be object/,
    '{ "images": [] }': /must NOT have fewer than 1 items/,
    '{ "images": [[1, 2]] }': /body\/images\/0 must NOT have fewer than 784 items/,
    '{ "images": [[]], "more": 1 }': /must NOT have additional properties/,
    [JSON.stringify({ images: [[...blank.slice(1), '0']] })]: /body\/images\/0\/783 must be number/,
    [JSON.stringify({ images: [[...blank.slice(1), null]] })]: /must be number/,
    [JSON.stringify({ images: [[...blank.slice(1), 1e300]] })]: /must be <= 1/,
    [JSON.stringify({ images: new Array(65).fill(blank) })]: /must NOT have more than 64 items/,
  };
  for (const [payload, reason] of Object.entries(wrong)) {
    const [status, message] = await ask(payload);
    assert.equal(status, 400, payload.slice(0, 60));
    assert.match(message, reason);
  }
  assert.equal((await ask(JSON.stringify({ images: [blank] })))[0], 200);
  await server.close();
});

test('under load nothing fails, and SIGTERM ends it when all is answered', { timeout: 120_000 }, async () => {
  const report = await load({ checkpoint, requests: 300, connections: 8 });
  assert.equal(report.failed, 0);
  assert.ok(report.latency.p50 > 0 && report.perSecond > 0 && report.rss.length > 0);
  assert.deepEqual(report.stopped, { asked: 8, answered: 8, exitCode: 0 });
});
