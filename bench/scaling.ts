// npm run bench:scaling: on paper, what a training step of a GPT sends and how it scales to many machines, by the alpha-beta model
// (scaling/); `--measure` measures this machine's all-reduce and DDP step, by which test/scaling.test.ts checks the model.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { COLORS, type Curve, drawChart, type Panel } from './curves/svg.ts';
import { type Machine, MACHINES, NETWORKS, type Network, network, stepOf } from './scaling/clusters.ts';
import { type Gpt, GPTS, parametersOf, unitsOf } from './scaling/gpt.ts';
import { measure } from './scaling/measure.ts';
import { alone, dataParallel, fullySharded, quicker, type Result, type Step, zero } from './scaling/step.ts';
import type { Link } from './scaling/network.ts';

const HELP = `npm run bench:scaling -- [options]
  --model L,WIDTH,CONTEXT   a GPT of so many layers (vocabulary 50257), instead of GPT-2 124M and 1.3B
  --network GBITS,MICROS    bandwidth and latency of one message, instead of 10,50 100,10 and 400,5
  --machine TFLOPS,BATCH    what a machine reaches, and its sequences of a step, instead of a CPU and a GPU
  --machines 8,64,1024      how many
  --write                   puts the table into docs/distributed.md, and draws bench/scaling/scaling.svg
  --measure                 measures this machine by mpirun, into bench/scaling/measured.json`;

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    network: { type: 'string' },
    machine: { type: 'string' },
    machines: { type: 'string', default: '8,64,1024' },
    write: { type: 'boolean', default: false },
    measure: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The numbers of an option. Throws RangeError unless there are as many as `names`, all above 0. */
function numbers(option: string, text: string, names: readonly string[]): number[] {
  const found = text.split(',').map(Number);
  if (found.length !== names.length || !found.every((n) => n > 0 && Number.isFinite(n)))
    throw new RangeError(`--${option}: expected ${names.join(',')}, all above 0, but received '${text}'`);
  return found;
}
function modelOf(text: string): Gpt {
  const [layers, width, context] = numbers('model', text, ['LAYERS', 'WIDTH', 'CONTEXT']) as [number, number, number];
  const model = { name: '', layers, width, context, vocabulary: 50257 };
  return { ...model, name: `GPT ${(parametersOf(unitsOf(model)) / 1e6).toFixed(0)}M` };
}
function networkOf(text: string): Network {
  const [gigabits, microseconds] = numbers('network', text, ['GBITS', 'MICROS']) as [number, number];
  return network(gigabits, microseconds);
}
function machineOf(text: string): Machine {
  const [teraflops, batch] = numbers('machine', text, ['TFLOPS', 'BATCH']) as [number, number];
  return { name: `${teraflops} TFLOP/s`, flops: teraflops * 1e12, memory: 200e9, batch };
}

const WAYS: readonly [name: string, color: string, f: (step: Step, machines: number, link: Link) => Result][] = [
  ['DDP, ring', COLORS.ours, (step, machines, link) => dataParallel(step, machines, 'ring', link)],
  ['DDP, tree', '#2da44e', (step, machines, link) => dataParallel(step, machines, 'tree', link)],
  ['ZeRO', COLORS.torch, (step, machines, link) => quicker(zero, step, machines, link)],
  ['FSDP', '#a371f7', (step, machines, link) => quicker(fullySharded, step, machines, link)],
];

const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
const time = (seconds: number): string =>
  seconds >= 1 ? `${seconds.toFixed(2)} s` : `${(seconds * 1e3).toPrecision(3)} ms`;

/** A row for each model, machine and network: what each machine sends in a step, and the part of so many machines' speed. */
function table(
  models: readonly Gpt[],
  machines: readonly Machine[],
  networks: readonly Network[],
  counts: readonly number[],
): string {
  const header = [
    'model',
    'machine',
    'a step alone',
    'network',
    'each sends: DDP',
    'ZeRO, FSDP',
    ...WAYS.map(([name]) => name),
  ];
  const rows: string[][] = [header, header.map(() => '---')];
  for (const model of models) {
    for (const machine of machines) {
      const step = stepOf(model, machine);
      for (const link of networks) {
        const results = WAYS.map(([, , f]) => counts.map((count) => f(step, count, link)));
        const parts = results.map(
          (of) => `${of.map((r) => ((alone(step) / r.seconds) * 100).toFixed(0)).join(' / ')} %`,
        );
        const sent = [results[0]!, results[3]!].map((of) => size(of.at(-1)!.bytes));
        rows.push([model.name, machine.name, time(alone(step)), link.name, ...sent, ...parts]);
      }
    }
  }
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const POWERS = Array.from({ length: 11 }, (_, i) => 2 ** i);
function panel(model: Gpt, machine: Machine, link: Network): Panel {
  const step = stepOf(model, machine);
  const curves: Curve[] = [
    { label: 'one machine', color: COLORS.limit, dashed: true, points: POWERS.map((n) => [n, alone(step) * 1e3]) },
    ...WAYS.map(
      ([label, color, f]): Curve => ({
        label,
        color,
        points: POWERS.map((n) => [n, f(step, n, link).seconds * 1e3]),
      }),
    ),
  ];
  const short = machine.name.replace(/ \(.*/, '');
  return { title: `${model.name}, ${short}, ${link.name}`, xLabel: 'machines', curves };
}

if (options.help) {
  console.log(HELP);
} else if (options.measure) {
  measure();
} else {
  const models = options.model === undefined ? GPTS : [modelOf(options.model)];
  const machines = options.machine === undefined ? MACHINES : [machineOf(options.machine)];
  const networks = options.network === undefined ? NETWORKS : [networkOf(options.network)];
  const counts = options.machines.split(',').map(Number);
  if (!counts.every((n) => Number.isInteger(n) && n >= 1))
    throw new RangeError(`--machines: expected whole numbers from 1 on but received '${options.machines}'`);
  const rows = table(models, machines, networks, counts);
  console.log(rows);
  if (options.write) {
    const page = new URL('../docs/distributed.md', import.meta.url);
    const text = readFileSync(page, 'utf8');
    writeFileSync(page, text.replace(/(<!-- scaling -->\n)[\s\S]*?(?=<!-- end -->)/, `$1${rows}\n`));
    const panels = models.flatMap((model) =>
      machines.flatMap((machine) => networks.map((link) => panel(model, machine, link))),
    );
    const picture = drawChart('Time of a training step over machines, on paper', panels, networks.length);
    writeFileSync(new URL('scaling/scaling.svg', import.meta.url), picture);
  }
}
