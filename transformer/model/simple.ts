import { Embedding, Linear, Module, type ModuleOptions, permute, type Tensor } from '../../engine/index.ts';
import { Decoder, Encoder } from './layers.ts';

/** Arguments of {@link SimpleTransformer} beyond its four numbers. */
export interface SimpleTransformerOptions extends ModuleOptions {
  readonly feedForward?: number;
  readonly dropout?: number;
  /** Tokens come as [batch, length] instead of nn.Transformer's [length, batch]. */
  readonly batchFirst?: boolean;
}

/**
 * The Transformer as textbooks first write it in PyTorch: one embedding for both sides, nn.TransformerEncoder,
 * nn.TransformerDecoder and a linear map to the vocabulary; no positions, no padding mask. To start from; see
 * {@link Transformer} for the paper's.
 */
export class SimpleTransformer extends Module {
  readonly embedding: Embedding;
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly fc: Linear;
  readonly batchFirst: boolean;

  constructor(
    vocabSize: number,
    embeddingDim: number,
    numHeads: number,
    numLayers: number,
    options: SimpleTransformerOptions = {},
  ) {
    super();
    const layer = { ...options, dModel: embeddingDim, heads: numHeads };
    this.embedding = new Embedding(vocabSize, embeddingDim, options);
    this.encoder = new Encoder(numLayers, layer);
    this.decoder = new Decoder(numLayers, layer);
    this.fc = new Linear(embeddingDim, vocabSize, options);
    this.batchFirst = options.batchFirst ?? false;
  }

  /** source, target: int32 [length, batch] → scores [length, batch, vocab] (batch first where so made) */
  forward(source: Tensor, target: Tensor, { causal = false }: { readonly causal?: boolean } = {}): Tensor {
    const swap = (x: Tensor): Tensor =>
      this.batchFirst
        ? x
        : permute(
            x,
            x.shape.map((_, d) => (d < 2 ? 1 - d : d)),
          );
    const memory = this.encoder.forward(swap(this.embedding.forward(source)));
    const state = this.decoder.forward(swap(this.embedding.forward(target)), memory, { target: { causal } });
    return this.fc.forward(swap(state));
  }
}
