import type { StateDict } from '../../../engine/index.ts';
import { version } from '../../../package.json';
import type { TransformerConfig } from '../../model/transformer.ts';
import type { ExportTarget } from '../target.ts';
import { decoderGraph, decoderWithPastGraph } from './decoder.ts';
import { encoderGraph } from './encoder.ts';
import { companions, ONNX_FILES } from './folder.ts';
import { type EncodedModel, encodeModel } from './proto.ts';

/** Graphs that ONNX Runtime and other programs run, in a page too. */
export const onnx: ExportTarget = {
  title: 'ONNX',
  trains: false,
  async files({ translator }) {
    const graphs = encodeOnnx(translator.model.config, await translator.model.stateDict());
    return { ...companions(translator, graphs), ...graphs };
  },
};

/**
 * A model as ONNX graphs by the names of their files: opset 17, any batch and any length. `state` has the weights by
 * their PyTorch names.
 *
 * @throws {ArgumentError} where a file would be above 2 GiB, before anything is written
 */
export function encodeOnnx(config: Required<TransformerConfig>, state: StateDict): Record<string, EncodedModel> {
  const metadata = { config: JSON.stringify(config) };
  const graphs = {
    [ONNX_FILES.encoder]: encoderGraph(config, state),
    [ONNX_FILES.decoder]: decoderGraph(config, state),
    [ONNX_FILES.decoderWithPast]: decoderWithPastGraph(config, state),
  };
  return Object.fromEntries(
    Object.entries(graphs).map(([file, graph]) => [file, encodeModel({ graph, producerVersion: version, metadata })]),
  );
}
