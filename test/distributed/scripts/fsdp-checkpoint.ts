// A sharded model that is trained, saved, and goes on on another number of processes; and a save that is cut short. Started by
// checkpoint.test.ts: PHASE says what to do, FOLDER where.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import * as torch from '../../../lib/index.ts';
import { assert, Gpt, gptBatch, mean, share } from './fsdp-models.ts';

const { optim, distributed: dist } = torch;
const { fsdp, checkpoint } = dist;
const { stateDict } = checkpoint;
dist.initProcessGroup({ backend: 'mpi' });
const [rank, count] = [dist.getRank(), dist.getWorldSize()];
const folder = process.env.FOLDER!;
const phase = process.env.PHASE!;

torch.manualSeed(phase === 'resume' ? 99 : 5);
const model = new Gpt();
const names = Object.keys(model.stateDict());
for (const block of model.blocks) fsdp.fullyShard(block);
fsdp.fullyShard(model);
const adam = new optim.AdamW(model.parameters(), { lr: phase === 'resume' ? 1 : 0.01 });

function train(from: number, to: number): number[] {
  const curve: number[] = [];
  for (let step = from; step < to; step++) {
    adam.zeroGrad();
    const loss = model.loss(share(gptBatch(step), rank, count));
    loss.backward();
    adam.step();
    curve.push(mean(loss));
  }
  return curve;
}
function saveAll(step: number): void {
  const [ofModel, ofAdam] = stateDict.getStateDict(model, adam);
  checkpoint.save({ model: ofModel, optim: ofAdam, step }, { checkpointId: folder });
}
function loadAll(): number {
  const [ofModel, ofAdam] = stateDict.getStateDict(model, adam);
  const state = { model: ofModel, optim: ofAdam, step: 0 };
  checkpoint.load(state, { checkpointId: folder });
  stateDict.setStateDict(model, adam, { modelStateDict: state.model, optimStateDict: state.optim });
  return state.step;
}

if (phase === 'save') {
  train(0, 10);
  saveAll(10);
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  assert(files.length === count, `${files.length} files of ${count} processes`);
  const sizes = files.map((name) => fs.statSync(`${folder}/${name}`).size);
  assert(Math.max(...sizes) < 1.5 * Math.min(...sizes), `the work is not spread: ${sizes}`);
  assert(!fs.existsSync(`${folder}.tmp`), 'something is left behind');
  // keys and whole values
  const shards = stateDict.getModelStateDict(model);
  assert(Object.keys(shards).join() === names.join(), `keys: ${Object.keys(shards)}`);
  const whole = stateDict.getModelStateDict(model, { options: { fullStateDict: true } });
  assert(whole['words.weight']!.size(0) === 29, 'a whole tensor is not whole');
  const offloaded = stateDict.getModelStateDict(model, { options: { fullStateDict: true, cpuOffload: true } });
  assert(Object.keys(offloaded).length === (rank === 0 ? names.length : 0), 'more than the first process has it all');
  const optimizer = stateDict.getOptimizerStateDict(model, adam, { options: { fullStateDict: true } });
  if (rank === 0) {
    torch.save({ whole, optimizer }, `${folder}.pt`);
    assert((optimizer.state['words.weight']!.exp_avg as torch.Tensor).size(0) === 29, 'state is not whole');
  }
  const curve = train(10, 20);
  // whole state dicts go back into shards
  dist.barrier();
  const saved = torch.load<{ whole: Record<string, torch.Tensor>; optimizer: typeof optimizer }>(`${folder}.pt`);
  stateDict.setStateDict(model, adam, {
    modelStateDict: saved.whole,
    optimStateDict: saved.optimizer,
    options: { fullStateDict: true },
  });
  const again = train(10, 20);
  assert(JSON.stringify(again) === JSON.stringify(curve), `from whole state dicts: ${again} not ${curve}`);
  if (rank === 0) console.log(JSON.stringify({ curve, sizes }));
} else if (phase === 'resume') {
  const step = loadAll();
  assert(step === 10, `step ${step}`);
  const curve = train(10, 20);
  if (rank === 0) console.log(JSON.stringify({ curve }));
} else if (phase === 'kill') {
  train(0, 3);
  if (rank === count - 1) {
    // this process's bytes are in the file, but the file is not whole for the others yet
    fs.fsyncSync = () => process.kill(process.pid, 'SIGKILL') && undefined;
    syncBuiltinESMExports();
  }
  saveAll(3);
  console.log('survived');
} else if (phase === 'fail') {
  if (rank === count - 1) {
    fs.fsyncSync = () => {
      throw new Error('no space left on device');
    };
    syncBuiltinESMExports();
  }
  let said = '';
  try {
    saveAll(3);
  } catch (error) {
    said = String(error);
  }
  console.log(said);
}
dist.destroyProcessGroup();
