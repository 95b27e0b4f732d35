// torch.random: its names, and forkRng.
import assert from 'node:assert/strict';
import { test } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectRefusal } from './helpers.ts';

const { forkRng } = torch.random;
const next = (): unknown => torch.rand(2).tolist();

test('forkRng puts the state back, whatever happens in between', async () => {
  torch.manualSeed(3);
  const expected = next();
  torch.manualSeed(3);
  assert.equal(
    forkRng(() => {
      torch.manualSeed(9);
      next();
      return 5;
    }),
    5,
  );
  assert.equal(torch.random.initialSeed(), 3);
  assert.throws(() =>
    forkRng({ devices: [] }, () => {
      next();
      throw new Error('mine');
    }),
  );
  await forkRng(async () => {
    await Promise.resolve();
    next();
  });
  assert.deepEqual(forkRng({ enabled: true }, next), expected);
  assert.deepEqual(forkRng({ enabled: false }, next), expected);
  assert.notDeepEqual(next(), expected);
});

test('the names of torch.random', () => {
  const { manualSeed, getRngState, setRngState, seed, initialSeed, defaultGenerator } = torch.random;
  manualSeed(7);
  const state = getRngState();
  const drawn = next();
  setRngState(state);
  assert.deepEqual(next(), drawn);
  assert.equal(initialSeed(), 7);
  assert.equal(seed(), defaultGenerator.initialSeed());
});

test('forkRng refuses nonsense', () => {
  expectRefusal(() => forkRng(3 as never), 'forkRng');
  expectRefusal(() => forkRng({ devices: [] } as never), 'forkRng', /expected a function/);
  expectRefusal(() => forkRng({ cpu: true } as never, next), 'forkRng', /unknown option 'cpu'/);
  expectRefusal(() => forkRng({ devices: 3 } as never, next), 'forkRng', /devices/);
  expectRefusal(() => forkRng({ enabled: 1 } as never, next), 'forkRng', /enabled/);
  expectRefusal(() => forkRng({ deviceType: 'mps' } as never, next), 'forkRng', /deviceType/);
  expectRefusal(() => forkRng({ devices: [99] }, next), 'forkRng');
});
