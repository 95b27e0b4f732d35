// Checkpoints in folders (torch.distributed.checkpoint) by one process: what is saved comes back, what is damaged is refused.
// On several processes: test/distributed/checkpoint.test.ts.
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const tmp = mkdtempSync(join(tmpdir(), 'flambeau-checkpoint-'));
afterAll(() => rmSync(tmp, { recursive: true }));
let number = 0;
const fresh = (): string => join(tmp, `c${number++}`);
const alone = (checkpointId: string) => ({ checkpointId, noDist: true });
const dataFile = (folder: string): string =>
  join(folder, readdirSync(folder).find((name) => name.endsWith('.safetensors'))!);

const { nn, optim } = torch;
const { checkpoint } = torch.distributed;
const model = () => new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4), new nn.Linear(4, 2));
function trained(steps: number): { net: ReturnType<typeof model>; adam: torch.optim.Adam } {
  torch.manualSeed(steps);
  const net = model();
  const adam = new optim.Adam(net.parameters(), { lr: 0.01 * steps });
  for (let i = 0; i < steps; i++) {
    adam.zeroGrad();
    net.forward(torch.randn(8, 3)).pow(2).sum().backward();
    adam.step();
  }
  return { net, adam };
}

describe('save and load', () => {
  test('tensors of all dtypes and shapes, values and nests come back', () => {
    const folder = fresh();
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
    const tensors = Object.fromEntries(dtypes.map((dtype) => [dtype, torch.arange(6).view(2, 3).to(dtype)]));
    const make = (filled: boolean) => ({
      tensors: filled ? tensors : Object.fromEntries(dtypes.map((dtype) => [dtype, torch.zeros(2, 3, { dtype })])),
      scalar: torch.tensor(filled ? 2.5 : 0, { dtype: 'float32' }),
      empty: torch.zeros(0, 3),
      turned: filled ? torch.arange(6).view(2, 3).t() : torch.zeros(2, 3, { dtype: 'int64' }).t(),
      list: filled ? [torch.ones(2), { a: 'b', n: null, yes: true }] : [torch.zeros(2), { a: '', n: 1, yes: false }],
      map: new Map<string | number, unknown>([
        ['x', filled ? 1 : 0],
        [3, filled ? 2n ** 70n : 0],
      ]),
      numbers: filled ? [NaN, -Infinity, -0, 0.1, 1e300] : [0, 0, 0, 0, 0],
      nothing: {},
    });
    checkpoint.save(make(true), alone(folder));
    const state = make(false);
    const kept = state.tensors.float32!;
    checkpoint.load(state, alone(folder));
    expect(inspect(state, { depth: 9 })).toBe(inspect(make(true), { depth: 9 }));
    expect(state.numbers).toEqual([NaN, -Infinity, -0, 0.1, 1e300]);
    expect(state.map.get(3)).toBe(2n ** 70n);
    expect(state.tensors.float32).toBe(kept);
  });

  test('modules, optimizers and schedules stand for their state dicts', () => {
    const folder = fresh();
    const { net, adam } = trained(3);
    const schedule = new optim.lrScheduler.StepLR(adam, 2);
    checkpoint.save({ net, adam, schedule, epoch: 7 }, alone(folder));
    const other = trained(2);
    const state = { net: other.net, adam: other.adam, schedule: new optim.lrScheduler.StepLR(other.adam, 5), epoch: 0 };
    checkpoint.load(state, alone(folder));
    expect(state.epoch).toBe(7);
    expect(String(other.adam)).toBe(String(adam));
    const step = (n: typeof net, o: typeof adam) => {
      n.eval();
      o.zeroGrad();
      n.forward(torch.ones(2, 3)).sum().backward();
      o.step();
      return n.forward(torch.ones(2, 3)).tolist();
    };
    expect(step(other.net, other.adam)).toEqual(step(net, adam));
  });

  test('state dicts by name go on with the same numbers', () => {
    const { stateDict } = checkpoint;
    const folder = fresh();
    const { net, adam } = trained(3);
    const [ofNet, ofAdam] = stateDict.getStateDict(net, adam);
    expect(Object.keys(ofNet)).toEqual(Object.keys(net.stateDict()));
    expect(ofAdam.param_groups[0]!.params).toEqual(net.namedParameters().map(([name]) => name));
    expect(Object.keys(ofAdam.state['0.weight']!)).toEqual(['step', 'exp_avg', 'exp_avg_sq']);
    checkpoint.save({ ofNet, ofAdam }, alone(folder));
    const fresh2 = model();
    const adam2 = new optim.Adam(fresh2.parameters());
    const before = fresh2.get(0).parameters()[0]!.detach().clone();
    const [a, b] = stateDict.getStateDict(fresh2, adam2);
    // making the state has changed nothing
    expect(fresh2.get(0).parameters()[0]!.detach().equal(before)).toBe(true);
    const state = { ofNet: a, ofAdam: b };
    checkpoint.load(state, alone(folder));
    stateDict.setStateDict(fresh2, adam2, { modelStateDict: state.ofNet, optimStateDict: state.ofAdam });
    expect(String(adam2)).toBe(String(adam));
    expect(JSON.stringify(adam2.stateDict())).toBe(JSON.stringify(adam.stateDict()));
    expect(JSON.stringify(fresh2.stateDict())).toBe(JSON.stringify(net.stateDict()));
  });

  test('a checkpoint takes the place of another, and leaves nothing behind', () => {
    const folder = fresh();
    checkpoint.save({ w: torch.ones(3) }, alone(folder));
    const [before] = [dataFile(folder)];
    checkpoint.save({ w: torch.zeros(3), more: 1 }, alone(folder));
    expect(existsSync(before)).toBe(false);
    expect(readdirSync(folder)).toHaveLength(2);
    expect(existsSync(`${folder}.tmp`)).toBe(false);
    const state = { w: torch.ones(3) };
    checkpoint.load(state, alone(folder));
    expect(state.w.sum().item()).toBe(0);
  });

  test('to torch.save and back', () => {
    const [folder, file, again] = [fresh(), `${fresh()}.pt`, fresh()];
    const state = { model: { 'a.b': torch.ones(2, 2) }, list: [1, torch.zeros(1), 'x'], map: new Map([[3, 'v']]) };
    checkpoint.save(state, alone(folder));
    checkpoint.formatUtils.dcpToTorchSave(folder, file);
    const whole = torch.load<typeof state>(file);
    expect(whole.model['a.b'].tolist()).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(whole.list.map(String)).toEqual(['1', 'tensor([0.])', 'x']);
    expect(whole.map.get(3)).toBe('v');
    checkpoint.formatUtils.torchSaveToDcp(file, again);
    const back = { model: { 'a.b': torch.zeros(2, 2) } };
    checkpoint.load(back, alone(again));
    expect(back.model['a.b'].sum().item()).toBe(4);
  });
});

describe('refusals', () => {
  test('what does not fit is named', () => {
    const folder = fresh();
    checkpoint.save({ w: torch.ones(3), n: 1 }, alone(folder));
    const load = (state: Record<string, unknown>) => () => checkpoint.load(state, alone(folder));
    expect(load({ v: torch.ones(3) })).toThrow('load: Missing key in checkpoint state_dict: v');
    expect(load({ w: torch.ones(4) })).toThrow(
      new torch.ShapeError("load: size mismatch for 'w': [3] in the checkpoint, [4] here"),
    );
    expect(load({ w: 1 })).toThrow("'w' is a tensor in the checkpoint but 1 here");
    expect(load({ n: torch.ones(1) })).toThrow("'n' is no tensor in the checkpoint");
    expect(() => checkpoint.save({ f: () => 1 }, alone(fresh()))).toThrow(
      "save: 'f' is a function; a checkpoint holds",
    );
    expect(() => checkpoint.save({ 'a.b': 1, a: { b: 2 } }, alone(fresh()))).toThrow(
      "two entries of the state dict are called 'a.b'",
    );
    expect(() => checkpoint.load({}, alone(join(tmp, 'missing')))).toThrow('ENOENT');
    expect(() => checkpoint.save({}, { checkpointId: 3 as never })).toThrow(
      'expected a path for checkpointId but received 3',
    );
  });

  test('a damaged file is an error that names it', () => {
    const folder = fresh();
    const state = () => ({ w: torch.zeros(40, 3), n: 0 });
    checkpoint.save({ w: torch.ones(40, 3), n: 1 }, alone(folder));
    const file = dataFile(folder);
    const metadata = join(folder, 'metadata.json');
    const [good, text] = [readFileSync(file), readFileSync(metadata, 'utf8')];
    const load = () => checkpoint.load(state(), alone(folder));

    truncateSync(file, statSync(file).size - 1);
    expect(load).toThrow(torch.FileFormatError);
    expect(load).toThrow(file);
    writeFileSync(file, good.subarray(0, 5));
    expect(load).toThrow(file);
    rmSync(file);
    expect(load).toThrow('ENOENT');
    writeFileSync(file, good);
    load();
    const damage = (from: string | RegExp, to: string, message: string): void => {
      expect(text.replace(from, to)).not.toBe(text);
      writeFileSync(metadata, text.replace(from, to));
      expect(load, to).toThrow(torch.FileFormatError);
      expect(load, to).toThrow(`${metadata}: `);
      expect(load, to).toThrow(message);
    };
    damage('{', '', 'no valid JSON');
    damage('flambeau.checkpoint', 'other', 'no checkpoint of flambeau');
    damage('"version": 1', '"version": 2', 'version 2 is not known');
    damage('"float32"', '"float31"', '\'w\' has the unknown dtype "float31"');
    damage('"sizes":[40,3]', '"sizes":[40,4]', "'w' is damaged: its parts have 120 of 160 elements");
    damage('"sizes":[40,3]', '"sizes":[40,-3]', 'holds -3');
    damage('"sizes":[40,3]', '"sizes":[1e15,1e15]', 'too large');
    damage('"offsets":[0,0]', '"offsets":[1,0]', 'reaches beyond');
    damage(/"file":"[^"]*"/, '"file":"../x.safetensors"', 'impossible file');
    damage('"path":["w"]', '"path":[-1]', "the path of 'w' is damaged");
    damage('"value":1', '"value":{"bigint":"x"}', 'a value is damaged');
    writeFileSync(metadata, text.replaceAll('"w"', '"v"'));
    expect(() => checkpoint.load({ v: torch.zeros(40, 3) }, alone(folder))).toThrow(`${file}: has no 'v'`);
  });

  test('random damage of the metadata never gets through as another error', () => {
    const folder = fresh();
    checkpoint.save({ a: { w: torch.ones(4, 3), v: [1, 'x', NaN] }, b: torch.zeros(5) }, alone(folder));
    const metadata = join(folder, 'metadata.json');
    const text = readFileSync(metadata);
    let seed = 7;
    const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    for (let i = 0; i < 300; i++) {
      const bad = Buffer.from(text);
      for (let k = 0; k <= random(3); k++) bad[random(bad.length)] = 32 + random(95);
      writeFileSync(metadata, bad);
      try {
        checkpoint.load({ a: { w: torch.zeros(4, 3), v: [0, '', 0] }, b: torch.zeros(5) }, alone(folder));
      } catch (error) {
        expect(String(error)).toMatch(/^(FileFormatError: |ShapeError: load: |DistError: load: |Error: ENOENT)/);
      }
    }
  });
});
