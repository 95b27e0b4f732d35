// A model behind HTTP: `npm run serve` loads a checkpoint (trains one first, where there is none) and answers until it is told
// to stop, by SIGTERM or Ctrl-C: what has come in is answered, then the process ends.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { program } from 'commander';
import { loadModel, trainCheckpoint } from './model.ts';
import { makeServer } from './server.ts';

program
  .name('npm run serve --')
  .option('--checkpoint <file>', 'the weights; trained at the first start', 'digits-output/serve.pt')
  .option('--port <number>', '0: any that is free', '3000')
  .option('--host <address>', 'where to listen', '127.0.0.1')
  .parse();
const { checkpoint, port, host } = program.opts<{ checkpoint: string; port: string; host: string }>();

if (!existsSync(checkpoint)) {
  console.log(`there is no ${checkpoint}: training a network for it`);
  mkdirSync(dirname(checkpoint), { recursive: true });
  const right = trainCheckpoint(checkpoint);
  console.log(`it reads ${(100 * right).toFixed(1)} % of digits that it has not seen`);
}
const server = makeServer(loadModel(checkpoint));
const address = await server.listen({ port: Number(port), host });
console.log(`listening at ${address}`);

const stop = async (): Promise<void> => {
  await server.close();
  console.log('all is answered');
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
