// torch.autograd.detectAnomaly and setDetectAnomaly.
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as torch from '../lib/index.ts';

const { autograd } = torch;
const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
afterEach(() => {
  autograd.setDetectAnomaly(false);
  warnings.mockClear();
});

function thrown(f: () => unknown): Error {
  try {
    f();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
const negative = (): torch.Tensor => torch.tensor([-1.5], { requiresGrad: true });
/** Whose name must be in the traces. */
const rootOfNegative = (x: torch.Tensor): torch.Tensor => x.sqrt();

describe('detectAnomaly', () => {
  test('names the operation that made NaN and where it was called', () => {
    const error = thrown(() => autograd.detectAnomaly(() => rootOfNegative(negative()).sum().backward()));
    expect(error).toBeInstanceOf(torch.AutogradError);
    expect(error.message).toBe("backward: Function 'SqrtBackward0' returned nan values in its 0th output.");
    expect((error.cause as Error).stack).toMatch(/forward call of SqrtBackward0[\s\S]*rootOfNegative/);
    const texts = warnings.mock.calls.map(([text]) => String(text));
    expect(texts[0]).toMatch(/^Anomaly Detection has been enabled/);
    expect(texts[1]).toMatch(/^Error detected in SqrtBackward0. Traceback of forward call[\s\S]*rootOfNegative/);
    expect(torch.isAnomalyEnabled()).toBe(false);
  });
  test('so with autograd.grad, and for graphs made before', () => {
    const x = negative();
    const y = rootOfNegative(x).sum();
    const error = thrown(() => autograd.detectAnomaly(() => autograd.grad(y, x)));
    expect(error.message).toMatch(/returned nan values/);
    expect(error.cause).toBeUndefined();
    expect(warnings.mock.calls.at(-1)![0]).toMatch(/No forward pass information available/);
  });
  test('leaves NaN alone without checkNan, and where nobody wants the gradient', () => {
    const x = negative();
    autograd.detectAnomaly({ checkNan: false }, () => {
      expect(torch.isAnomalyCheckNanEnabled()).toBe(false);
      rootOfNegative(x).sum().backward();
    });
    expect(x.grad!.item()).toBeNaN();
    expect(torch.isAnomalyCheckNanEnabled()).toBe(true);
    const w = torch.ones([1], { requiresGrad: true });
    autograd.detectAnomaly(() =>
      w
        .mul(torch.tensor([2]))
        .sum()
        .backward(),
    );
    expect(w.grad!.item()).toBe(2);
  });
  test('errors of other kinds get the trace too', () => {
    class Failing extends autograd.Function {
      static forward = (_: torch.autograd.FunctionContext, x: torch.Tensor): torch.Tensor => x.clone();
      static backward = (): torch.Tensor => {
        throw new RangeError('Failing: no way back');
      };
    }
    const error = thrown(() => autograd.detectAnomaly(() => Failing.apply(negative()).sum().backward()));
    expect(error).toBeInstanceOf(RangeError);
    expect((error.cause as Error).message).toBe('forward call of FailingBackward');
  });
  test('lasts as long as what is awaited', async () => {
    const later = autograd.detectAnomaly(async () => {
      await null;
      return torch.isAnomalyEnabled();
    });
    expect(await later).toBe(true);
    expect(torch.isAnomalyEnabled()).toBe(false);
  });
});

test('setDetectAnomaly switches, and takes a function', () => {
  autograd.setDetectAnomaly(true, { checkNan: false });
  expect([torch.isAnomalyEnabled(), torch.isAnomalyCheckNanEnabled()]).toEqual([true, false]);
  autograd.setDetectAnomaly(false);
  expect(autograd.setDetectAnomaly(true, { checkNan: false }, torch.isAnomalyCheckNanEnabled)).toBe(false);
  expect(torch.isAnomalyEnabled()).toBe(false);
  expect(() => autograd.setDetectAnomaly(1 as never)).toThrow(/^setDetectAnomaly: expected a boolean/);
  expect(() => autograd.detectAnomaly({ nan: true } as never, () => 0)).toThrow(/^detectAnomaly: unknown option/);
  expect(() => autograd.detectAnomaly(3 as never)).toThrow(/^detectAnomaly: expected/);
});
