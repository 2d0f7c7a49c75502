import { beforeAll, describe, expect, it } from 'vitest';
import {
  BatchNorm1d,
  BatchNorm2d,
  buffer,
  Conv2d,
  type Device,
  Dropout,
  Flatten,
  Generator,
  GRU,
  type HostTensor,
  Linear,
  LSTM,
  MaxPool2d,
  Module,
  ModuleDict,
  ModuleList,
  parameter,
  RNN,
  relu,
  Sequential,
  SGD,
  scope,
  Tensor,
  trace,
  unscoped,
} from '../engine/index.ts';
import { Stream } from '../engine/random.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

const random = (device: Device, shape: readonly number[], stream = 0): Tensor => {
  const s = new Stream(3, stream);
  const n = shape.reduce((a, b) => a * b, 1);
  return Tensor.from(
    device,
    Array.from({ length: n }, () => s.normal()),
    shape,
    'float32',
  );
};

const options = (device: Device) => ({ device, generator: new Generator(5) });

describe('containers', () => {
  it('Sequential runs modules and functions, frees what lies between, and counts all in its names', async () => {
    for (const device of backends) {
      using model = new Sequential(
        new Conv2d(1, 3, 3, { ...options(device), padding: 1 }),
        relu,
        new MaxPool2d(2),
        new Flatten(),
        new Linear(12, 2, options(device)),
      );
      expect([...model.namedParameters()].map(([name]) => name)).toEqual(['0.weight', '0.bias', '4.weight', '4.bias']);
      using s = scope();
      const y = model.forward(random(device, [2, 1, 4, 4]));
      expect(y.shape).toEqual([2, 2]);
      expect(s.size).toBe(2);
      y.sum().backward();
      expect(model.at(-1)).toBe(model.at(4));
      expect(() => model.at(5)).toThrow(/Sequential: there is no part 5 of 5/);
      const x = random(device, [1]);
      expect(new Sequential().forward(x).storage).toBe(x.storage);
      const t = trace();
      model.forward(random(device, [1, 1, 4, 4]));
      expect(t.find(/^4\.linear$/)).toHaveLength(1);
      t.dispose();
      for (const p of model.parameters()) expect(p.grad).not.toBeNull();
    }
  });

  it('ModuleList and ModuleDict name their parts, and are found by their parent', () => {
    class Model extends Module {
      readonly blockList: ModuleList<Linear>;
      readonly heads: ModuleDict<Linear>;
      constructor(device: Device) {
        super();
        this.blockList = new ModuleList([new Linear(2, 2, options(device))]).append(new Linear(2, 2, options(device)));
        this.heads = new ModuleDict({ partOfSpeech: new Linear(2, 3, options(device)) });
      }
      forward(x: Tensor): Tensor {
        let y = x;
        for (const block of this.blockList) y = block.forward(y);
        return this.heads.get('partOfSpeech').forward(y);
      }
    }
    for (const device of backends) {
      using model = new Model(device);
      expect([...model.namedParameters()].map(([name]) => name)).toEqual([
        ...['block_list.0.weight', 'block_list.0.bias', 'block_list.1.weight', 'block_list.1.bias'],
        ...['heads.partOfSpeech.weight', 'heads.partOfSpeech.bias'],
      ]);
      expect(model.blockList.length).toBe(2);
      expect(() => model.heads.get('other')).toThrow(/there is no other. There are partOfSpeech/);
      expect(() => model.heads.set('a.b', model.blockList.at(0))).toThrow(/without dots/);
      expect(() => model.blockList.forward()).toThrow(/it has no forward/);
      using s = scope();
      const t = s.keep(trace());
      model.forward(random(device, [1, 2]));
      expect(t.records.filter((r) => r.op === 'linear').map((r) => r.path)).toEqual([
        'blockList.0.linear',
        'blockList.1.linear',
        'heads.partOfSpeech.linear',
      ]);
      t.dispose();
    }
  });
});

describe('buffers', () => {
  it('go into checkpoints and out of them, and batch normalisation moves its own', async () => {
    for (const device of backends) {
      using model = new Sequential(new Linear(3, 4, options(device)), new BatchNorm1d(4, options(device)));
      const x = random(device, [6, 3]);
      const before = await model.forward(x).data();
      const state = await model.stateDict();
      expect(Object.keys(state)).toEqual([
        ...['0.weight', '0.bias', '1.weight', '1.bias'],
        ...['1.running_mean', '1.running_var', '1.num_batches_tracked'],
      ]);
      expect(state['1.num_batches_tracked']).toEqual({ shape: [], dtype: 'int32', data: Int32Array.of(1) });
      model.eval();
      const after = await model.forward(x).data();
      expect(Array.from(after)).not.toEqual(Array.from(before));
      using other = new Sequential(new Linear(3, 4, options(device)), new BatchNorm1d(4, options(device)));
      other.eval().loadStateDict(state);
      expect(await other.forward(x).data()).toEqual(after);
      expect(await model.stateDict()).toEqual(state);
      expect(() => new BatchNorm2d(4, options(device)).forward(x)).toThrow(
        /BatchNorm2d: x \[6, 3\]. Expected 4 dimensions/,
      );
      const { '1.running_var': _, ...part } = state;
      expect(() => other.loadStateDict(part)).toThrow(/missing 1.running_var/);
    }
  });

  it('may be kept out of checkpoints, and are freed with their module', async () => {
    class Table extends Module {
      readonly table: Tensor;
      readonly kept: Tensor;
      readonly weight: Tensor;
      constructor(device: Device) {
        super();
        const make = (): Tensor => unscoped(() => random(device, [2]));
        this.table = buffer(make(), { persistent: false });
        this.kept = buffer(make());
        this.weight = parameter(make());
      }
      forward(x: Tensor): Tensor {
        return x.add(this.table);
      }
    }
    for (const device of backends) {
      const model = new Table(device);
      expect([...model.namedBuffers()].map(([name]) => name)).toEqual(['table', 'kept']);
      expect(Object.keys(await model.stateDict())).toEqual(['weight', 'kept']);
      expect(model.parameters()).toEqual([model.weight]);
      model.dispose();
      expect([model.table.disposed, model.kept.disposed]).toEqual([true, true]);
      expect(() => buffer(parameter(random(device, [1])))).toThrow(/buffer: .* is learnt/);
    }
  });
});

describe('hooks', () => {
  it('see inputs and output, may replace both, and end with their scope', async () => {
    for (const device of backends) {
      using layer = new Linear(2, 2, options(device));
      const x = random(device, [1, 2]);
      const plain = await layer.forward(x).data();
      const seen: string[] = [];
      {
        using _ = scope();
        layer.registerForwardHook((module, [input], output) => {
          seen.push(`${module === layer} ${input === x} ${output.shape}`);
        });
        layer.registerForwardHook((_, __, output) => output.mul(2));
        layer.forward(x);
        expectClose(
          await layer.forward(x).data(),
          plain.map((v) => 2 * v),
        );
      }
      const pre = layer.registerForwardPreHook((_, [input]) => [input.mul(0)]);
      expect(Array.from(await layer.forward(x).data())).toEqual(Array.from(await layer.bias!.data()));
      pre.dispose();
      expect(await layer.forward(x).data()).toEqual(plain);
      expect(seen).toEqual(['true true 1,2', 'true true 1,2']);
    }
  });
});

describe('apply and freeze', () => {
  it('reach every module, and parameters by name', async () => {
    for (const device of backends) {
      using model = new Sequential(
        new Linear(2, 2, options(device)),
        new Dropout(0),
        new Linear(2, 1, options(device)),
      );
      const order: string[] = [];
      model.apply((m) => {
        order.push(m.constructor.name);
        if (m instanceof Linear) m.weight.copyFrom(new Float32Array(m.weight.size).fill(1));
      });
      expect(order).toEqual(['Linear', 'Dropout', 'Linear', 'Sequential']);
      expect(model.freeze('0')).toEqual(['0.weight', '0.bias']);
      using optimizer = new SGD(model.parameters(), { lr: 1 });
      model
        .forward(random(device, [3, 2]))
        .sum()
        .backward();
      optimizer.step();
      const weights = await Promise.all(model.parameters().map((p) => p.data()));
      expect(Array.from(weights[0]!)).toEqual([1, 1, 1, 1]);
      expect(Array.from(weights[2]!)).not.toEqual([1, 1]);
      expect(model.unfreeze(/bias/)).toEqual(['0.bias', '2.bias']);
      expect(model.parameters().map((p) => p.requiresGrad)).toEqual([false, true, true, true]);
      expect(() => model.freeze('encoder')).toThrow(/freeze: no parameter is called encoder. There are 0.weight/);
    }
  });
});

describe('recurrent networks', () => {
  it('are the formulas of their papers, step by step', async () => {
    const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
    for (const device of backends) {
      using gru = new GRU(2, 3, options(device));
      const state = await gru.stateDict();
      expect(Object.keys(state)).toEqual(['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']);
      const x = random(device, [4, 1, 2]);
      const values = await x.data();
      const row = (m: HostTensor, b: HostTensor, r: number, v: readonly number[]): number =>
        v.reduce((sum, e, i) => sum + m.data[r * v.length + i]! * e, b.data[r]!);
      let h = [0, 0, 0];
      const want: number[] = [];
      for (let t = 0; t < 4; t++) {
        const input = Array.from(values.slice(2 * t, 2 * t + 2));
        const ih = (r: number): number => row(state['weight_ih_l0']!, state['bias_ih_l0']!, r, input);
        const hh = (r: number): number => row(state['weight_hh_l0']!, state['bias_hh_l0']!, r, h);
        h = h.map((before, j) => {
          const update = sigmoid(ih(3 + j) + hh(3 + j));
          const fresh = Math.tanh(ih(6 + j) + sigmoid(ih(j) + hh(j)) * hh(6 + j));
          return (1 - update) * fresh + update * before;
        });
        want.push(...h);
      }
      const [output, last] = gru.forward(x);
      expectClose(await output.data(), want);
      expectClose(await last.data(), h);
    }
  });

  it('take batches first, no batch, states, layers and directions; only outputs are left over', () => {
    for (const device of backends) {
      using lstm = new LSTM(2, 3, { ...options(device), numLayers: 2, bidirectional: true, batchFirst: true });
      using s = scope();
      const [output, [hidden, cell]] = lstm.forward(random(device, [5, 4, 2]));
      expect([output.shape, hidden.shape, cell.shape]).toEqual([
        [5, 4, 6],
        [4, 5, 3],
        [4, 5, 3],
      ]);
      expect(s.size).toBe(4);
      const [single, [h]] = lstm.forward(random(device, [4, 2]), [random(device, [4, 3]), random(device, [4, 3])]);
      expect([single.shape, h.shape]).toEqual([
        [4, 6],
        [4, 3],
      ]);
      expect(() => lstm.forward(random(device, [5, 4, 3]))).toThrow(/LSTM: x \[5, 4, 3\]. Expected \[batch, time, 2\]/);
      expect(() => lstm.forward(random(device, [5, 4, 2]), [hidden, random(device, [4, 4, 3])])).toThrow(
        /a state \[4, 4, 3\]. Expected \[4, 5, 3\]/,
      );
      expect(() => new RNN(2, 2, { numLayers: 0 })).toThrow(/numLayers 0/);
    }
  });
});
