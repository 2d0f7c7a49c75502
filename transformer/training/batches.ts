import { Tensor, unscoped } from '../../engine/index.ts';
import type { BatchSource } from '../text/data/index.ts';
import type { BatchInput, LoaderLike } from './trainerOptions.ts';

/** Epochs of batches, whatever they were given as. */
export function batchSource<Batch>(input: BatchInput<Batch>): BatchSource<Batch> {
  if (Array.isArray(input)) return listed(input as readonly Batch[]);
  return 'batches' in input ? input : loaded(input as LoaderLike<Batch>);
}

/** The same batches in the same order in every epoch. */
const listed = <Batch>(batches: readonly Batch[]): BatchSource<Batch> => ({
  batchesPerEpoch: batches.length,
  async *batches(_, from = 0) {
    yield* batches.slice(from);
  },
});

/**
 * The batches of a loader. It frees the tensors of a batch when the next one is asked for; a step of several batches needs
 * them longer, so handles of our own are kept until the step is done.
 */
const loaded = <Batch>(loader: LoaderLike<Batch>): BatchSource<Batch> => ({
  batchesPerEpoch: loader.length,
  async *batches(epoch, batch = 0) {
    loader.state = { epoch, batch };
    for await (const given of loader) yield mapTensors(given, (t) => unscoped(() => t.detach())) as Batch;
  },
  release(batch) {
    mapTensors(batch, (t) => {
      t.dispose();
      return t;
    });
  },
});

/** The same value with every tensor in it replaced, in lists and objects to any depth: those that the loader frees. */
function mapTensors(value: unknown, map: (t: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return map(value);
  if (Array.isArray(value)) return value.map((v) => mapTensors(v, map));
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const copy: Record<string, unknown> = Object.create(Object.getPrototypeOf(value));
  for (const [name, v] of Object.entries(value)) copy[name] = mapTensors(v, map);
  return copy;
}
