import * as torch from 'flambeau';
import { loadDigits } from '/work/main/examples/digits/data.ts';
import { Trainer } from '/work/main/examples/digits/train.ts';
import { TASKS } from '/work/main/examples/digits/model.ts';
let t=performance.now(); const d=loadDigits(TASKS.digits.digits); console.log('load',performance.now()-t, d.train.images.shape, d.test.images.shape);
for (const seed of process.argv.slice(2).map(Number)) { t=performance.now(); const tr=new Trainer({task:'digits',epochs:TASKS.digits.epochs,batch:TASKS.digits.batch,lr:TASKS.digits.lr,seed},d);
await tr.run({epoch:(n,e)=>console.log(n,e,((performance.now()-t)/1000).toFixed(2))}); }
