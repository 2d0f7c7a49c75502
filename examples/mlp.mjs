// Learns a spiral of three arms with a small network: a module of one's own, an optimizer, a training loop.
import { AdamW, crossEntropy, device, Linear, Module, manualSeed, noGrad, scope, tensor } from 'heddle';

class MLP extends Module {
  constructor(inputs, hidden, classes) {
    super();
    this.hidden = new Linear(inputs, hidden);
    this.middle = new Linear(hidden, hidden);
    this.output = new Linear(hidden, classes);
  }

  forward(x) {
    return this.output.forward(this.middle.forward(this.hidden.forward(x).gelu()).gelu());
  }
}

const [points, classes] = [[], []];
for (let arm = 0; arm < 3; arm++) {
  for (let i = 0; i < 100; i++) {
    const [radius, angle] = [i / 100, (i / 100) * 4 + (arm * 2 * Math.PI) / 3];
    points.push([radius * Math.cos(angle), radius * Math.sin(angle)]);
    classes.push(arm);
  }
}

console.log((await device('auto')).description);
manualSeed(1);
const x = tensor(points);
const y = tensor(classes, { dtype: 'int32' });
const model = new MLP(2, 64, 3).flattenParameters();
const optimizer = new AdamW(model.parameters(), { lr: 0.01 });

for (let step = 1; step <= 200; step++) {
  const s = scope(); // frees what the step made; TypeScript and Node 24 can write `using s = scope()`
  const loss = crossEntropy(model.forward(x), y);
  model.zeroGrad();
  loss.backward();
  optimizer.step();
  if (step % 50 === 0) console.log(`step ${step}  loss ${(await loss.item()).toFixed(4)}`);
  s.dispose();
}

const right = noGrad(() => model.forward(x).argmax(-1).eq(y).sum());
console.log(`right: ${await right.item()} of ${points.length}`);
