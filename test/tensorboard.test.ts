// SummaryWriter: the events that PyTorch's own writes, byte for byte but for their times, in files framed as TensorBoard reads
// them; pictures, which are packed otherwise, pixel for pixel.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const { SummaryWriter } = torch.utils.tensorboard;
const oracle = JSON.parse(readFileSync(new URL('./oracle/tensorboard.json', import.meta.url), 'utf8')) as Record<
  string,
  string[]
>;
const roots: string[] = [];
const folder = (): string => {
  roots.push(mkdtempSync(join(tmpdir(), 'flambeau-board-')));
  return roots.at(-1)!;
};
afterAll(() => roots.forEach((root) => rmSync(root, { recursive: true })));

/** The records of a folder's event files, without the time that each begins with. */
function records(root: string): Buffer[] {
  return readdirSync(root)
    .filter((name) => /^events\.out\.tfevents\.\d{10}\..+\.\d+\.\d+$/.test(name))
    .flatMap((name) => {
      const data = readFileSync(join(root, name));
      const out: Buffer[] = [];
      for (let at = 0; at < data.length; ) {
        const n = Number(data.readBigUInt64LE(at));
        out.push(data.subarray(at + 12 + 9, at + 12 + n));
        at += 16 + n;
      }
      return out;
    });
}

test('events are those of PyTorch', () => {
  const root = folder();
  const w = new SummaryWriter(root, { purgeStep: 1, maxQueue: 2 });
  for (let i = 0; i < 3; i++) w.addScalar('loss/train', 1 / (i + 1), i);
  w.addScalar('new style: 50 %', 0.1, 4, { newStyle: true });
  w.addScalar('double', 0.1, { globalStep: 300, newStyle: true, doublePrecision: true });
  w.addScalar('no step', torch.tensor(2.5));
  w.addScalars('many/lines', { a: 1, b: torch.tensor(2.5) }, 7);
  const x = torch.tensor([-1, 0, 0.5, 2, 2, 1e-13, -1e15]);
  w.addHistogram('histogram', x, 1);
  w.addHistogram('three bins', x.index(':5'), 2, { bins: 3 });
  w.addText('note', 'hello **you** ä', 3);
  w.addHparams({ lr: 0.1 }, { acc: 0.9 }, { runName: 'run' });
  const labels = torch.arange(40).remainder(3).eq(0);
  const predictions = torch.arange(40).mul(7).remainder(41).div(41);
  w.addPrCurve('curve', labels, predictions, 4);
  w.addPrCurve('weighted', labels.to('int32'), predictions, 5, 11, torch.arange(40).div(10));
  w.addPrCurveRaw('raw', [3, 2], [1, 0], [0, 1], [0, 1], [0.75, 1], [1, 0.6], 6, 2);
  w.addCustomScalars({ A: { x: ['Multiline', ['a/b', 'c']], y: ['Margin', ['v', 'l', 'u']] }, B: {} });
  w.addCustomScalarsMultilinechart(['a', 'b'], 'category', 'title');
  w.addCustomScalarsMarginchart(['a', 'b', 'c']);
  w.close();
  for (const [name, wanted] of Object.entries(oracle)) {
    const got = records(join(root, name)).map((r) => r.toString('base64'));
    expect(got.length, name).toBe(wanted.length);
    for (const [i, record] of wanted.entries()) {
      if (i === 0) continue; // the file's first event, where PyTorch names the module that writes it
      expect(Buffer.from(got[i]!, 'base64').toString('latin1'), `${name} ${i}`).toBe(
        Buffer.from(record, 'base64').toString('latin1'),
      );
    }
  }
});

test('the frame has the checksums of TFRecord', () => {
  const root = folder();
  const w = new SummaryWriter({ logDir: root, filenameSuffix: '.x' });
  w.flush();
  const [name] = readdirSync(root);
  expect(name).toMatch(/\.x$/);
  const data = readFileSync(join(root, name!));
  expect(data.length).toBe(16 + 24);
  // the checksum of the length 24, as TensorFlow writes it before every file's first event
  expect(data.subarray(0, 12).toString('hex')).toBe('1800000000000000a37f4b22');
  w.close();
  w.addScalar('again', 1);
  w.close();
  expect(readdirSync(root).length).toBe(2);
});

test('pictures', () => {
  const root = folder();
  const w = new SummaryWriter(root);
  const x = torch.arange(24, { dtype: 'float32' }).view(2, 3, 2, 2).div(24);
  w.addImage('one', x.index(0), 1);
  w.addImage('bytes', torch.tensor([[[255, 0]], [[1, 2]]], { dtype: 'uint8' }).permute(1, 2, 0), {
    dataformats: 'HWC' as const,
  });
  w.addImages('two', x, 3);
  w.addImage('grey', torch.tensor([[0, 1]], { dtype: 'float32' }), { dataformats: 'HW' });
  w.close();
  const images = records(root)
    .slice(1)
    .map((r, i) => {
      const path = join(root, `${i}.png`);
      writeFileSync(path, r.subarray(r.indexOf('\x89PNG', 0, 'latin1')));
      return torch.vision.Image.open(path);
    });
  expect(images.map((i) => i.size)).toEqual([
    [2, 2],
    [2, 1],
    [4, 2],
    [2, 1],
  ]);
  expect([...images[0]!.data.subarray(0, 3)]).toEqual([0, 43, 85]);
  expect([...images[3]!.data]).toEqual([0, 255]);
});

test('what cannot be written is refused', () => {
  const w = new SummaryWriter(folder());
  const bad: [() => unknown, new (message: string) => Error, RegExp][] = [
    [() => w.addScalar('x', torch.ones(2)), torch.ShapeError, /^addScalar: scalar should be 0D/],
    [() => w.addScalar('x', 'one' as never), TypeError, /^addScalar: expected a number/],
    [() => w.addScalar(1 as never, 1), TypeError, /^addScalar: expected a string as tag/],
    [() => w.addScalar('x', 1, 0.5), TypeError, /globalStep/],
    [() => w.addHistogram('x', []), torch.ShapeError, /no element/],
    [() => w.addHistogram('x', [Number.NaN]), RangeError, /not all finite/],
    [() => w.addHistogram('x', [1], { bins: 'auto' }), TypeError, /bins/],
    [() => w.addImage('x', torch.ones(2, 2)), torch.ShapeError, /input format are different/],
    [() => w.addImage('x', torch.ones(5, 2, 2)), torch.ShapeError, /up to four channels/],
    [() => w.addText('x', 1 as never), TypeError, /^addText/],
    [() => w.addPrCurve('x', [1], [0.5, 0.5]), torch.ShapeError, /1 labels do not go with 2/],
    [() => w.addPrCurve('x', [1], [0.5], { numThresholds: 0 }), RangeError, /numThresholds/],
    [() => w.addCustomScalars({ a: { b: ['Line', []] as never } }), TypeError, /'Multiline' or 'Margin'/],
    [() => w.addCustomScalarsMarginchart(['a']), RangeError, /expected 3 tags, got 1/],
    [() => new SummaryWriter({ comment: '/x' }), TypeError, /a part of a file's name/],
  ];
  for (const [f, Class, message] of bad) {
    expect(f).toThrow(Class);
    expect(f).toThrow(message);
  }
  w.close();
});
