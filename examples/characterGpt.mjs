// A language model of characters: a decoder-only Transformer trained on a nursery rhyme, which then writes one.
import { AdamW, clipGradNorm, crossEntropy, device, Generator, manualSeed, scope, tensor } from 'heddle';
import { DecoderOnly, generate } from 'heddle/transformer';

const TEXT = `This is the house that Jack built.
This is the malt that lay in the house that Jack built.
This is the rat that ate the malt that lay in the house that Jack built.
This is the cat that killed the rat that ate the malt that lay in the house that Jack built.
This is the dog that worried the cat that killed the rat that ate the malt that lay in the house that Jack built.
`;
const CONTEXT = 64;
const BATCH = 16;
const STEPS = 200;

// ids 0 to 3 are the special tokens: padding, unknown, begin, end
const letters = [...new Set(TEXT)].sort();
const idOf = new Map(letters.map((letter, i) => [letter, i + 4]));
const ids = Array.from(TEXT, (letter) => idOf.get(letter));

console.log((await device('auto')).description);
manualSeed(7);
const model = new DecoderOnly({
  vocab: letters.length + 4,
  dModel: 64,
  heads: 4,
  layers: 2,
  feedForward: 256,
  dropout: 0,
  normFirst: true,
}).flattenParameters();
const optimizer = new AdamW(model.parameters(), { lr: 3e-3 });
const places = new Generator(3);

for (let step = 1; step <= STEPS; step++) {
  const s = scope();
  const stream = places.next();
  const windows = Array.from({ length: BATCH }, () => {
    const at = stream.integer(ids.length - CONTEXT - 1);
    return ids.slice(at, at + CONTEXT + 1);
  });
  const input = tensor(
    windows.map((window) => window.slice(0, -1)),
    { dtype: 'int32' },
  );
  const target = tensor(
    windows.map((window) => window.slice(1)),
    { dtype: 'int32' },
  );
  const loss = crossEntropy(model.forward(input), target);
  model.zeroGrad();
  loss.backward();
  clipGradNorm(model.parameters(), 1);
  optimizer.step();
  if (step % 50 === 0) console.log(`step ${step}  loss ${(await loss.item()).toFixed(3)}`);
  s.dispose();
}

model.eval();
const prompt = 'This is the cat';
const [[best]] = await generate(model, [Array.from(prompt, (letter) => idOf.get(letter))], { maxLength: 60 });
console.log(prompt + best.ids.map((id) => letters[id - 4] ?? '').join(''));
