// torch.cuda and what goes with it. With FLAMBEAU_CUDA=emulate (or a GPU) its functions are run; without CUDA, what they
// say is missing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as torch from '../../lib/index.ts';

const { cuda } = torch;
const HERE = cuda.isAvailable();
const MB = 2 ** 20;

/** What a script prints in a process of its own. */
function script(code: string, env: Readonly<Record<string, string>>): string {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const source = `import * as torch from './lib/index.ts';\n${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return (stdout + stderr).trim();
}
const WHY = "try { torch.ones(1, { device: 'cuda:0' }) } catch (error) { console.log(String(error)) }";

describe.runIf(!HERE)('without CUDA', () => {
  test('what can be asked has an answer', () => {
    expect([cuda.deviceCount(), cuda.isInitialized(), cuda.isBf16Supported()]).toEqual([0, false, false]);
    expect([cuda.memoryAllocated(), cuda.memoryStats(), cuda.getRngStateAll()]).toEqual([0, {}, []]);
    expect([cuda.manualSeedAll(1), cuda.emptyCache(), cuda.setStream(null)]).toEqual([undefined, undefined, undefined]);
    expect(cuda.isCurrentStreamCapturing()).toBe(false);
    expect(torch.accelerator.currentAccelerator()).toBeNull();
  });
  test.each<[string, () => unknown]>([
    ['init', () => cuda.init()],
    ['getDeviceName', () => cuda.getDeviceName()],
    ['getDeviceProperties', () => cuda.getDeviceProperties('cuda:0')],
    ['currentStream', () => cuda.currentStream()],
    ['Stream', () => new cuda.Stream({ priority: -1 })],
    ['memorySummary', () => cuda.memorySummary()],
    ['setPerProcessMemoryFraction', () => cuda.setPerProcessMemoryFraction(0.5)],
    ['initialSeed', () => cuda.initialSeed()],
    ['query', () => new cuda.Event().query()],
    ['FloatTensor', () => cuda.FloatTensor([1])],
  ])('%s says what is missing', (name, f) => {
    expect(f).toThrow(torch.DeviceError);
    expect(f).toThrow(new RegExp(`^${name}: no CUDA device is available: .`));
  });
});

describe('why there is none', () => {
  test('it is switched off', () => {
    expect(script(WHY, { FLAMBEAU_CUDA: 'off' })).toBe(
      "DeviceError: ones: 'cuda:0' is not available: CUDA is switched off: FLAMBEAU_CUDA is set to off; use device: 'cpu'",
    );
  });
  test('the variable says neither on nor off', () => {
    expect(script(WHY, { FLAMBEAU_CUDA: 'of' })).toMatch(/FLAMBEAU_CUDA is 'of', and must be 'on', 'off' or 'emulate'/);
  });
});

describe.runIf(HERE)('with CUDA', () => {
  const device = 'cuda:0';

  test("the seed's lines", () => {
    // x = torch.tensor([1.0, 2.0, 3.0])
    let x = torch.tensor([1.0, 2.0, 3.0], { dtype: 'float32' });
    // print(x.device)  # cpu
    expect(String(x.device)).toBe('cpu');
    // x_gpu = x.cuda(); print(x_gpu.device)  # cuda:0
    expect(String(x.cuda().device)).toBe('cuda:0');
    // x = x.cuda(); print(x.is_cuda)  # True
    x = x.cuda();
    expect(x.isCuda).toBe(true);
    // x = x.cuda(0)
    expect(x.cuda(0)).toBe(x);
    // device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    const chosen = torch.device(cuda.isAvailable() ? 'cuda' : 'cpu');
    // x = torch.tensor([1.0, 2.0, 3.0]); x = x.to(device); print(x.device)
    expect(String(torch.tensor([1.5]).to(chosen).device)).toBe('cuda:0');
    expect(x.to(torch.device('cuda:0'))).toBe(x);
    expect(String(torch.tensor([1.5]).to('cuda:0', { nonBlocking: true }))).toBe("tensor([1.5000], device='cuda:0')");
    expect(x.cpu().tolist()).toEqual([1, 2, 3]);
  });

  test('devices', () => {
    expect(cuda.deviceCount()).toBeGreaterThan(0);
    expect([cuda.isInitialized(), cuda.currentDevice()]).toEqual([true, 0]);
    const p = cuda.getDeviceProperties(0);
    expect(cuda.getDeviceName('cuda')).toBe(p.name);
    expect(cuda.getDeviceCapability()).toEqual([p.major, p.minor]);
    expect(p.totalMemory).toBeGreaterThan(MB);
    expect(String(p)).toMatch(
      /^_CudaDeviceProperties\(name='.+', major=\d+, minor=\d+, total_memory=\d+MB, multi_processor_count=\d+, uuid=[\da-f-]{36}, pci_bus_id=\d+, pci_device_id=\d+, pci_domain_id=\d+, L2_cache_size=\d+MB\)$/,
    );
    expect(cuda.getArchList().every((name) => /^(sm|compute)_\d+$/.test(name))).toBe(true);
    expect(cuda.libraries().map(({ name }) => name)).toContain('cudart');
    expect(torch.version.cuda).toMatch(/^\d+\.\d+$/);
    expect(torch.backends.cuda.isBuilt()).toBe(true);
    cuda.setDevice('cuda:0');
    cuda.setDevice(-1);
    cuda.synchronize();
    expect(cuda.device(0, () => torch.ones(1, { device: 'cuda' }).isCuda)).toBe(true);
    expect(cuda.deviceOf(torch.ones(1), () => cuda.currentDevice())).toBe(0);
  });
  test.each<[string, () => unknown, RegExp]>([
    ['an index too large', () => cuda.setDevice(99), /^setDevice: 'cuda:99' is not available: \d+ CUDA device/],
    ['the CPU', () => cuda.getDeviceName('cpu'), /^getDeviceName: expected a CUDA device but received 'cpu'/],
    ['half a device', () => cuda.memoryAllocated(0.5), /^memoryAllocated: expected the index of a CUDA device/],
    ['no stream', () => cuda.setStream({} as never), /^setStream: expected a Stream but received an object/],
    ['no event', () => cuda.currentStream().waitEvent(1 as never), /^waitEvent: expected an Event but received 1/],
    [
      'an event of several processes',
      () => new cuda.Event({ interprocess: true }),
      /^Event: interprocess must be false/,
    ],
    ['a fraction of 2', () => cuda.setPerProcessMemoryFraction(2), /Invalid fraction value: 2. Allowed range: 0~1/],
    ['no state', () => cuda.setRngState(torch.zeros(3, { dtype: 'uint8' })), /^setRngState: RNG state is wrong size/],
    ['two states of one device', () => cuda.setRngStateAll(Array(17).fill(cuda.getRngState())), /17 states were given/],
    ['pinning a tensor of the GPU', () => torch.ones(2, { device }).pinMemory(), /^pinMemory: cannot pin a tensor on/],
    ['a stream for a tensor of the CPU', () => torch.ones(2).recordStream(cuda.currentStream()), /^recordStream: exp/],
  ])('%s is refused', (_, f, message) => expect(f).toThrow(message));

  test('streams', async () => {
    const [a, b] = [new cuda.Stream(), new cuda.Stream(device, -1)];
    expect([a.equals(b), b.priority, String(a.device)]).toEqual([false, -1, 'cuda:0']);
    expect(cuda.currentStream()).toBe(cuda.defaultStream());
    expect(cuda.currentStream().cudaStream).toBe(0);
    const x = torch.ones(1000, { device });
    a.waitStream(cuda.currentStream());
    const y = cuda.stream(a, () => {
      expect(cuda.currentStream().equals(a)).toBe(true);
      return x.mul(3);
    });
    x.recordStream(a);
    expect(await cuda.stream(b, async () => cuda.currentStream().equals(b))).toBe(true);
    expect(cuda.currentStream()).toBe(cuda.defaultStream());
    cuda.currentStream().waitStream(a);
    expect(y.mul(2).cpu().tolist()).toEqual(Array(1000).fill(6));
    a.synchronize();
    expect(a.query()).toBe(true);
    expect(String(a)).toMatch(/^<torch\.cuda\.Stream device=cuda:0 cuda_stream=0x[\da-f]+>$/);
    expect(() => cuda.stream(a, () => torch.ones(2, 3).add(torch.ones(4)))).toThrow(torch.ShapeError);
    expect(cuda.currentStream()).toBe(cuda.defaultStream());
    // they come from a pool, and none ends
    expect(new Set(Array.from({ length: 70 }, () => new cuda.Stream(0, -2).cudaStream)).size).toBe(32);
  });
  test('events', () => {
    const [start, end] = [new cuda.Event({ enableTiming: true }), new cuda.Event(true)];
    expect([start.query(), String(start), start.device]).toEqual([true, '<torch.cuda.Event uninitialized>', null]);
    expect(() => start.elapsedTime(end)).toThrow(/must be recorded before calculating elapsed time/);
    start.record();
    const y = torch.ones(10000, { device }).add(1);
    cuda.currentStream().recordEvent(end);
    end.synchronize();
    expect(end.query()).toBe(true);
    expect(start.elapsedTime(end)).toBeGreaterThanOrEqual(0);
    expect(String(start.device)).toBe('cuda:0');
    const plain = cuda.currentStream().recordEvent();
    new cuda.Stream().waitEvent(plain);
    expect(() => start.elapsedTime(plain)).toThrow(/created with argument 'enableTiming: true'/);
    expect(y.select(0, 5).item()).toBe(2);
  });

  test('memory', () => {
    torch.emptyCache();
    cuda.resetPeakMemoryStats();
    cuda.resetAccumulatedMemoryStats();
    const before = cuda.memoryAllocated();
    const x = torch.empty(3 * MB, { dtype: 'uint8', device });
    expect(cuda.memoryAllocated() - before).toBe(3 * MB);
    expect(cuda.memoryReserved()).toBeGreaterThanOrEqual(cuda.memoryAllocated(device));
    const stats = cuda.memoryStats();
    expect(stats['allocated_bytes.all.current']).toBe(cuda.memoryAllocated());
    expect(stats['allocated_bytes.large_pool.allocated']).toBe(3 * MB);
    expect(stats['allocation.all.allocated']).toBe(1);
    expect(stats['active_bytes.all.current']).toBe(stats['allocated_bytes.all.current']);
    expect(cuda.memoryStatsAsNestedDict()).toHaveProperty('allocated_bytes.all.peak', before + 3 * MB);
    x.dispose();
    expect([cuda.memoryAllocated(), cuda.maxMemoryAllocated()]).toEqual([before, before + 3 * MB]);
    cuda.resetMaxMemoryAllocated();
    expect(cuda.maxMemoryAllocated()).toBe(before);
    const [free, total] = cuda.memGetInfo();
    expect([free <= total, cuda.deviceMemoryUsed()]).toEqual([true, total - free]);
    cuda.emptyCache();
    const summary = cuda.memorySummary(0).split('\n');
    expect(new Set(summary.slice(0, -1).map((line) => line.length))).toEqual(new Set([77]));
    expect(summary[1]).toBe('|                  PyTorch CUDA memory summary, device ID 0                 |');
    expect(summary[5]).toBe('|        Metric         | Cur Usage  | Peak Usage | Tot Alloc  | Tot Freed  |');
    expect(summary[7]).toMatch(/^\| Allocated memory +\| +\d+ B {3}\| +\d+ B {3}\| +\d+ KiB \| +\d+ KiB \|$/);
    expect(cuda.memorySummary(0, { abbreviated: true }).split('\n')).toHaveLength(summary.length - 18);
  });
  test('a limit', () => {
    cuda.emptyCache();
    const total = cuda.getDeviceProperties().totalMemory;
    cuda.setPerProcessMemoryFraction((cuda.memoryReserved() + 30 * MB) / total);
    expect(cuda.getPerProcessMemoryFraction()).toBeLessThan(1);
    const ooms = cuda.memoryStats().num_ooms!;
    expect(() => torch.empty(64 * MB, { dtype: 'uint8', device })).toThrow(cuda.OutOfMemoryError);
    expect(cuda.memoryStats().num_ooms!).toBeGreaterThan(ooms);
    expect(torch.ones(MB, { dtype: 'uint8', device }).select(0, 5).item()).toBe(1);
    cuda.setPerProcessMemoryFraction(1);
    expect(cuda.getPerProcessMemoryFraction()).toBe(1);
    torch.empty(64 * MB, { dtype: 'uint8', device }).dispose();
  });
  test('the limit of the environment', () => {
    const ask = 'console.log(torch.cuda.getPerProcessMemoryFraction().toFixed(3))';
    expect(script(ask, { FLAMBEAU_CUDA_MEMORY_FRACTION: '0.25' })).toBe('0.250');
    expect(script(WHY, { FLAMBEAU_CUDA_MEMORY_FRACTION: 'a lot' })).toMatch(
      /FLAMBEAU_CUDA_MEMORY_FRACTION is 'a lot', and must be a number from 0 to 1/,
    );
  });

  test('random numbers', () => {
    cuda.manualSeed(7);
    expect(cuda.initialSeed()).toBe(7);
    const state = cuda.getRngState();
    expect([state.dtype, state.shape[0]]).toEqual(['uint8', 16]);
    cuda.manualSeedAll(-1n);
    expect(cuda.initialSeed()).toBe(2n ** 64n - 1n);
    const [other] = cuda.getRngStateAll();
    cuda.setRngState(state);
    expect([cuda.initialSeed(), torch.equal(cuda.getRngState(device), state)]).toEqual([7, true]);
    cuda.setRngStateAll([other!]);
    expect(torch.equal(cuda.getRngState(0), other!)).toBe(true);
    cuda.seed();
    cuda.seedAll();
    expect(cuda.initialSeed()).not.toBe(7);
    torch.manualSeed(3);
    expect(cuda.initialSeed()).toBe(3);
  });

  test('values without blocking', async () => {
    const x = torch.arange(6, { device }).view(2, 3);
    expect(await x.t().toTypedArrayAsync()).toEqual(BigInt64Array.of(0n, 3n, 1n, 4n, 2n, 5n));
    expect(await x.index(1, 1).toTypedArrayAsync()).toEqual(BigInt64Array.of(4n));
    expect(await torch.ones([0], { device }).toTypedArrayAsync()).toEqual(new Float32Array(0));
    // several at once, and from memory that was used before
    for (let round = 0; round < 3; round++) {
      const reads = [1.5, 2.5, 3.5].map((v) => torch.full([300], v + round, { device }).toTypedArrayAsync());
      expect((await Promise.all(reads)).map((values) => values[299])).toEqual([1.5 + round, 2.5 + round, 3.5 + round]);
    }
    const gone = torch.ones(2, { device });
    gone.dispose();
    await expect(gone.toTypedArrayAsync()).rejects.toThrow(/^toTypedArrayAsync: the tensor was disposed/);
  });
  test('pinned memory', () => {
    const x = torch.tensor([
      [1, 2.5],
      [3, 4],
    ]);
    const pinned = x.t().pinMemory();
    expect([x.isPinned(), pinned.isPinned(), pinned.t().view(4).isPinned()]).toEqual([false, true, true]);
    expect(pinned.pinMemory()).toBe(pinned);
    expect(pinned.tolist()).toEqual([
      [1, 3],
      [2.5, 4],
    ]);
    expect(pinned.stride()).toEqual([1, 2]);
    expect(pinned.to(device, { nonBlocking: true }).cpu().tolist()).toEqual(pinned.tolist());
    expect(torch.zeros([2, 2], { pinMemory: true }).isPinned()).toBe(true);
    expect(torch.tensor([1.5], { pinMemory: true, requiresGrad: true }).pinMemory().isLeaf).toBe(true);
    expect(() => torch.zeros(2, { device, pinMemory: true })).toThrow(torch.DeviceError);
    // the copy is queued when the memory goes
    let sent: torch.Tensor[] = [];
    for (let i = 0; i < 40; i++)
      sent.push(torch.full([1000], i, { pinMemory: true }).to(device, { nonBlocking: true }));
    torch.emptyCache();
    sent = sent.concat(torch.full([1000], -1, { pinMemory: true }).to(device, { nonBlocking: true }));
    expect(sent.map((y) => y.select(0, 999).item())).toEqual([...Array(40).keys(), -1]);
    const w = torch.tensor([2.5], { requiresGrad: true });
    w.pinMemory().mul(3).sum().backward();
    expect(w.grad!.tolist()).toEqual([3]);
    const set = new torch.utils.data.TensorDataset(torch.arange(4), torch.ones(4, 2));
    for (const [a, b] of new torch.utils.data.DataLoader(set, { batchSize: 2, pinMemory: true }))
      expect([a!.isPinned(), b!.isPinned()]).toEqual([true, true]);
    pinned.dispose();
    expect(pinned.isPinned()).toBe(false);
  });

  test('old constructors, modules, switches, the accelerator', () => {
    expect(String(new cuda.FloatTensor([1, 2]))).toBe("tensor([1., 2.], device='cuda:0')");
    expect([cuda.LongTensor(2, 3).shape.length, cuda.HalfTensor([1]).dtype]).toEqual([2, 'float16']);
    expect(new torch.nn.Linear(2, 2).cuda(0).weight.isCuda).toBe(true);
    torch.setDefaultDevice('cuda');
    expect(torch.ones(2).isCuda).toBe(true);
    torch.setDefaultDevice('cpu');
    torch.setFloat32MatmulPrecision('high');
    expect(torch.backends.cuda.matmul.allowTf32).toBe(true);
    torch.backends.cuda.matmul.allowTf32 = false;
    expect(torch.getFloat32MatmulPrecision()).toBe('highest');
    const { accelerator } = torch;
    expect([String(accelerator.currentAccelerator()), accelerator.currentDeviceIndex()]).toEqual(['cuda', 0]);
    expect(accelerator.memoryAllocated()).toBe(cuda.memoryAllocated());
    expect(accelerator.deviceIndex(0, () => 5)).toBe(5);
    accelerator.synchronize();
  });
});
