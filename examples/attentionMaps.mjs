// Looks inside attention: a trace takes the fused kernel apart, so that the weights of each layer and head can be read.
import { device, manualSeed, noGrad, tensor, trace } from 'heddle';
import { DecoderOnly } from 'heddle/transformer';

const SHADES = ' ░▒▓█';

console.log((await device('auto')).description);
manualSeed(2);
const model = new DecoderOnly({ vocab: 40, dModel: 32, heads: 2, layers: 2, feedForward: 64, dropout: 0 }).eval();
const input = tensor([[5, 9, 6, 9, 5, 7, 6, 8]], { dtype: 'int32' });

const t = trace({ decompose: ['scaledDotProductAttention'] });
noGrad(() => model.forward(input));
for (const record of t.records.filter(({ op, path }) => op === 'softmax' && path.includes('scaledDotProduct'))) {
  console.log(`\n${record.path}  [${record.output.shape.join(', ')}]`);
  const [heads] = await record.output.tolist(); // [head][query][key], each row sums to 1
  for (let query = 0; query < heads[0].length; query++) {
    const row = (head) => head[query].map((w) => SHADES[Math.min(4, Math.floor(w * 5))].repeat(2)).join('');
    console.log(`  ${heads.map(row).join('   ')}`);
  }
}
t.dispose();
