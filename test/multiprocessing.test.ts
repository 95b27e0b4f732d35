// Tensors between threads: torch.multiprocessing, shareMemory_. What a message keeps, both sides' writes, whose memory lives
// how long, what is refused.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { describe, test } from 'vitest';
import * as torch from '../lib/index.ts';

const { nn, runAsync } = torch;
const { pack, unpack } = torch.multiprocessing;
type Packed<T> = torch.multiprocessing.Packed<T>;

/** What arrives where `value` is sent: as in another thread, but in this one. */
const sent = <T>(value: T): T => unpack(structuredClone(pack(value)));
const same = (a: torch.Tensor, b: torch.Tensor): void => {
  assert.equal(a.dtype, b.dtype);
  assert.deepEqual(a.shape, b.shape);
  assert.deepEqual(a.stride(), b.stride());
  assert.deepEqual(a.tolist(), b.tolist());
};

describe('what a message keeps', () => {
  test('values, dtypes, layouts', () => {
    const dtypes = [
      'float32',
      'float64',
      'float16',
      'bfloat16',
      'int64',
      'int32',
      'int16',
      'int8',
      'uint8',
      'bool',
    ] as const;
    for (const dtype of dtypes) {
      const x = torch.arange(3000).remainder(5).to(dtype).view(30, 100);
      for (const y of [
        x,
        x.t(),
        x.index(3),
        x.narrow(1, 5, 7),
        x.index(0, 0),
        x.index(2, 3).expand(4, 2),
        x.narrow(0, 2, 0),
      ])
        same(sent(y), y);
    }
    same(sent(torch.tensor([])), torch.tensor([]));
    assert.equal(sent(torch.tensor(7)).item(), 7);
  });
  test('views of one storage are that on both sides, and writes are seen', () => {
    for (const n of [4, 4000]) {
      const x = torch.zeros(n, 4);
      const before = x.index(1);
      const [y, row, alias] = sent([x, x.index(1), x.data] as const);
      y.index(1).fill_(3);
      for (const z of [x.index(1), before, row]) assert.deepEqual(z.tolist(), [3, 3, 3, 3]);
      before.mul_(2);
      for (const z of [x.index(1), y.index(1), row, alias.index(1)]) assert.deepEqual(z.tolist(), [6, 6, 6, 6]);
      x.dispose();
      assert.equal(y.sum().item(), 24);
    }
  });
  test('whatever shared memory before does so afterwards', () => {
    for (const n of [3, 3000]) {
      const x = torch.ones(n);
      const data = x.data;
      const detached = x.detach();
      const again = data.data;
      assert.ok(!x.isShared() && !data.isShared());
      data.shareMemory_();
      assert.ok(data.isShared() && again.isShared() && (n === 3 || x.isShared()));
      x.shareMemory_().add_(1);
      for (const y of [data, detached, again, sent(data)]) assert.equal(y.sum().item(), 2 * n);
    }
    const values = Float32Array.of(1, 2, 3);
    const over: torch.Tensor = torch.fromNumpy(values).shareMemory_();
    values[0] = 9;
    assert.deepEqual(over.tolist(), [1, 2, 3]);
  });
  test('mapped files', () => {
    const file = join(tmpdir(), `flambeau-shared-${process.pid}.safetensors`);
    torch.saveSafetensors({ a: torch.ones(4), b: torch.arange(3) }, file);
    const { a, b } = torch.loadSafetensors(file, { mmap: true });
    const alias = b!.data;
    const out = sent({ a, b });
    writeFileSync(file, '');
    out.b!.add_(1);
    assert.deepEqual(
      [out.a!.tolist(), alias.tolist(), b!.tolist()],
      [
        [1, 1, 1, 1],
        [1, 2, 3],
        [1, 2, 3],
      ],
    );
  });
  test('gradients’ flags, parameters, buffers', () => {
    const w = new nn.Parameter(torch.ones(2));
    w.mul(2).sum().backward();
    const got = sent({
      w,
      frozen: new nn.Parameter(torch.ones(2), false),
      leaf: torch.ones(2, { requiresGrad: true }),
      buffer: new nn.Buffer(torch.ones(2)),
      volatile: new nn.Buffer(torch.ones(2), { persistent: false }),
    });
    assert.ok(got.w instanceof nn.Parameter && got.w.requiresGrad);
    assert.ok(!got.w.grad);
    assert.ok(got.frozen instanceof nn.Parameter && !got.frozen.requiresGrad);
    assert.ok(got.leaf.requiresGrad && got.leaf.isLeaf && !(got.leaf instanceof nn.Parameter));
    assert.deepEqual([got.buffer.persistent, got.volatile.persistent], [true, false]);
    got.w.mul(3).sum().backward();
    assert.deepEqual(
      [w, got.w].map(({ grad }) => grad?.tolist()),
      [
        [2, 2],
        [3, 3],
      ],
    );
    const net = new nn.Linear(3, 3).shareMemory();
    assert.ok(net.weight.isShared() && net.bias?.isShared());
    const other = new nn.Linear(3, 3);
    other.loadStateDict(sent(net.stateDict()), { assign: true });
    torch.noGrad(() => net.weight.fill_(5));
    assert.equal(other.weight.sum().item(), 45);
  });
  test('containers, and which objects are the same', () => {
    const x = torch.ones(2);
    const list: unknown[] = [x, 1, 'two', null, 3n];
    list.push(list);
    const got = sent({
      list,
      x,
      map: new Map([['x', x]]),
      set: new Set([x]),
      date: new Date(5),
      bytes: Uint8Array.of(1),
    });
    assert.ok(got.list[0] === got.x && got.map.get('x') === got.x && got.set.has(got.x));
    assert.ok(got.list[5] === got.list && got.date.getTime() === 5 && got.bytes[0] === 1);
    assert.equal(Object.getPrototypeOf(sent(JSON.parse('{ "__proto__": { "a": 1 } }'))), null);
    assert.equal(sent('text'), 'text');
  });
  test('in its own thread a message gives the storage itself, whose writes are counted', () => {
    const w = torch.ones(2, { requiresGrad: true });
    const x = torch.ones(2);
    const message = pack([x]);
    const y = x.mul(w).sum();
    unpack(message)[0]!.add_(1);
    assert.throws(() => y.backward(), /modified by an inplace operation/);
    x.dispose();
    assert.deepEqual(unpack(message)[0]!.tolist(), [2, 2]);
  });
});

describe('refusals', () => {
  test('a tensor in a message that was not packed', () => {
    const { port1, port2 } = new MessageChannel();
    for (const value of [torch.ones(2), { a: [torch.ones(2)] }, torch.ones(2, { requiresGrad: true }).mul(2)])
      assert.throws(() => port1.postMessage(value), {
        name: 'DataCloneError',
        message: /a tensor: post torch\.multiprocessing\.pack\(it\), and unpack\(\) that/,
      });
    port1.close();
    port2.close();
  });
  test('what has no meaning elsewhere', () => {
    const w = torch.ones(2, { requiresGrad: true });
    assert.throws(() => pack([w.mul(2)]), { name: 'AutogradError', message: /^pack: .* detach\(\) it first/ });
    assert.throws(() => pack(new nn.Linear(2, 2)), /^TypeError: pack: a Linear cannot be sent: send its stateDict\(\)/);
    assert.throws(() => pack(new nn.LazyLinear(2).parameters()), /^TypeError: pack: a lazy parameter has no values/);
    const x = torch.ones(2000);
    x.dispose();
    assert.throws(() => x.shareMemory_(), /^TypeError: shareMemory_: the tensor was disposed/);
    let deep: unknown = w;
    for (let i = 0; i < 100; i++) deep = [deep];
    assert.throws(() => pack(deep), /^TypeError: pack: data nested deeper than 64 levels/);
    assert.throws(() => torch.empty(2 ** 45).shareMemory_(), torch.OutOfMemoryError);
  });
  test('damaged messages', () => {
    for (const wrong of [undefined, null, 3, {}, [], w(), { flambeau: 2, tensors: [], value: 1 }])
      assert.throws(() => unpack(wrong as Packed<unknown>), /^TypeError: unpack: expected what pack\(\) gave/);
    function w(): torch.Tensor {
      return torch.ones(2);
    }
    const damage: Record<string, readonly unknown[]> = {
      bytes: [null, new ArrayBuffer(128), new SharedArrayBuffer(0), new SharedArrayBuffer(71)],
      byteOffset: [-1, 1e9, 0.5, '0'],
      nbytes: [-1, 1e9, 7],
      sizes: [[3], [-1], ['2'], 2, [2, 2], Array(65).fill(1), [2 ** 60, 2 ** 60]],
      strides: [[2], [-1], null],
      offset: [1, -1, Number.NaN],
      dtype: ['float64', 'what', null],
    };
    for (const [field, values] of Object.entries(damage)) {
      for (const value of values) {
        const message = structuredClone(pack(torch.ones(2)));
        const tensors = message.tensors.map((entry) => ({ ...entry, [field]: value }));
        assert.throws(() => unpack({ ...message, tensors }), /^TypeError: unpack: /, `${field}: ${String(value)}`);
      }
    }
  });
  test('inside runAsync, and before it has computed', async () => {
    const x = torch.ones(3);
    await assert.rejects(
      runAsync(() => x.shareMemory_()),
      /shareMemory_: memory cannot be shared inside runAsync/,
    );
    const kept: torch.Tensor[] = [];
    const done = runAsync(() => void kept.push(x.add(1)));
    assert.throws(() => pack(kept), /^Error: pack: a tensor is not computed yet/);
    await done;
    assert.deepEqual(sent(kept)[0]!.tolist(), [2, 2, 2]);
  });
});

describe('memory', () => {
  test('is there for runAsync, whoever lets it go', async () => {
    const weight = sent(torch.full([512, 512], 1 / 512));
    const results = Array.from({ length: 4 }, () => {
      const x = sent(torch.ones(512, 512));
      const y = runAsync(() => {
        let z = x;
        for (let i = 0; i < 8; i++) z = z.matmul(weight);
        return z.add(x);
      });
      x.dispose();
      return y;
    });
    torch.emptyCache();
    for (let i = 0; i < 20; i++) torch.ones(512, 512).shareMemory_().fill_(7);
    torch.emptyCache();
    for (const y of await Promise.all(results)) assert.equal(y.sub(2).abs().max().item(), 0);
  });
  test('stays as it is over messages that are received, disposed of, or never received', {
    timeout: 60_000,
  }, async () => {
    const MB = 2 ** 20;
    const send = async (n: number): Promise<void> => {
      const { port1, port2 } = new MessageChannel();
      for (let i = 0; i < n; i++) {
        port1.postMessage(pack(torch.full([MB / 4], i)));
        if (i % 4 === 0) continue;
        const x = unpack((receiveMessageOnPort(port2) as { message: Packed<torch.Tensor> }).message);
        if (i % 4 === 1) x.dispose();
        if (i % 4 === 2) x.data.add_(1);
      }
      port1.close();
      port2.close();
      await new Promise((resolve) => setImmediate(resolve));
    };
    // a buffer goes two collections after its tensor: the first tell that this is gone
    for (let i = 0; i < 10; i++) await send(40);
    torch.emptyCache();
    const { live } = torch.memoryStats();
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 10; i++) await send(40);
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < 150 * MB, `${grown / MB} MB`);
    torch.emptyCache();
    assert.ok(torch.memoryStats().live - live < 4 * MB);
  });
});

test('a worker has the weights of the main thread, and both read what the other writes', {
  timeout: 60_000,
}, async () => {
  const model = new nn.Linear(64, 64);
  const worker = new Worker(new URL('./memory/worker.mjs', import.meta.url), {
    workerData: { kind: 'exchange', weights: pack(model.stateDict()) },
    execArgv: [],
  });
  interface Answer {
    readonly y: torch.Tensor;
    readonly rows: readonly torch.Tensor[];
  }
  const ask = async (x: torch.Tensor): Promise<Answer> => {
    worker.postMessage(pack(x));
    const [message] = (await once(worker, 'message')) as [Packed<Answer>];
    return unpack(message);
  };
  let answer: Answer | undefined;
  for (let i = 0; i < 30; i++) {
    torch.noGrad(() => model.weight.fill_(i / 64));
    const x = torch.full([32, 64], 2.5);
    const expected = torch.noGrad(() => model.forward(x));
    answer = await ask(x);
    assert.ok(answer.y.sub(expected).abs().max().item() < 1e-4);
    assert.equal(x.sum().item(), 32 * 64);
  }
  await worker.terminate();
  const { y, rows } = answer!;
  y.fill_(4);
  assert.deepEqual([rows[0]!.sum().item(), rows[1]!.index(0).sum().item()], [256, 128]);
  assert.ok(model.weight.isShared());
});
