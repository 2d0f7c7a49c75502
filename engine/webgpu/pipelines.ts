import { type Shader, specialize } from '../../shaders/shader.ts';
import { DeviceError, ShaderError } from '../errors.ts';
import type { Faults } from './faults.ts';

/** GPUShaderStage.COMPUTE. */
const COMPUTE = 4;

/** One shader with fixed parameter values, compiled. */
export interface Pipeline {
  readonly id: number;
  readonly shader: Shader;
  readonly gpu: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Set when the device refused it: every later launch fails with the same words. */
  error: ShaderError | null;
}

type ParamValues = Readonly<Record<string, number | string>>;

/**
 * Compiled shaders, one for each shader and set of parameter values. Compilation goes on in the background; its outcome
 * holds back every result until it is known.
 */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #pipelines = new Map<Shader, Map<string, Pipeline>>();
  #nextId = 0;

  constructor(device: GPUDevice, faults: Faults) {
    this.#device = device;
    this.#faults = faults;
  }

  /** The pipeline for `shader` with `params`, compiled at the first call. */
  get(shader: Shader, params: ParamValues | undefined): Pipeline {
    let variants = this.#pipelines.get(shader);
    if (variants === undefined) this.#pipelines.set(shader, (variants = new Map()));
    const key = paramKey(shader, params);
    let pipeline = variants.get(key);
    if (pipeline === undefined) variants.set(key, (pipeline = this.#create(shader, key, params ?? {})));
    if (pipeline.error !== null) throw pipeline.error;
    return pipeline;
  }

  clear(): void {
    this.#pipelines.clear();
  }

  #create(shader: Shader, key: string, params: ParamValues): Pipeline {
    const label = key === '' ? shader.name : `${shader.name} (${key})`;
    let code: string;
    try {
      code = specialize(shader, params);
    } catch (error) {
      throw new DeviceError(error instanceof Error ? error.message : String(error), { cause: error });
    }
    const device = this.#device;
    device.pushErrorScope('validation');
    const layout = device.createBindGroupLayout({ label, entries: layoutEntries(shader) });
    const module = device.createShaderModule({ label, code });
    const gpu = device.createComputePipeline({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: shader.entryPoint },
    });
    const scope = device.popErrorScope();
    const pipeline: Pipeline = { id: this.#nextId++, shader, gpu, layout, error: null };
    this.#faults.watchCompilation(
      Promise.all([scope, module.getCompilationInfo()]).then(([error, info]) => {
        const messages = info.messages.filter(({ type }) => type === 'error');
        if (messages.length === 0 && error === null) return;
        pipeline.error = new ShaderError(describe(label, code, messages, error));
        this.#faults.report(pipeline.error);
      }),
    );
    return pipeline;
  }
}

/** The parameter values in the shader's own order, so that callers may name them in any. */
function paramKey(shader: Shader, params: ParamValues | undefined): string {
  if (params === undefined) return '';
  let key = '';
  let known = 0;
  for (const name in shader.params) {
    const value = params[name];
    if (value === undefined) continue;
    known++;
    key += `${key === '' ? '' : ', '}${name}=${value}`;
  }
  // A name the shader does not have must reach `specialize`, which says so.
  return known === Object.keys(params).length ? key : `?${JSON.stringify(params)}`;
}

function layoutEntries(shader: Shader): GPUBindGroupLayoutEntry[] {
  const entries: GPUBindGroupLayoutEntry[] = shader.bindings.map(({ binding, access }) => ({
    binding,
    visibility: COMPUTE,
    buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
  }));
  if (shader.uniforms !== null) {
    const { binding, bytes } = shader.uniforms;
    const buffer = { type: 'uniform', hasDynamicOffset: true, minBindingSize: bytes } as const;
    entries.push({ binding, visibility: COMPUTE, buffer });
  }
  return entries;
}

/** Shader, line and message, each with its source line and a mark under the place. */
function describe(
  label: string,
  code: string,
  messages: readonly GPUCompilationMessage[],
  error: GPUError | null,
): string {
  if (messages.length === 0) return `webgpu: shader ${label} makes no pipeline: ${error?.message ?? 'no reason given'}`;
  const lines = code.split('\n');
  const parts = messages.slice(0, 5).map(({ lineNum, linePos, message }) => {
    const source = lines[lineNum - 1];
    const place = `${label}:${lineNum}:${linePos}: ${message}`;
    return lineNum === 0 || source === undefined ? place : `${place}\n  ${source}\n  ${' '.repeat(linePos - 1)}^`;
  });
  const more = messages.length > parts.length ? `\n(and ${messages.length - parts.length} more)` : '';
  return `webgpu: shader ${label} does not compile:\n${parts.join('\n')}${more}`;
}
