import type { Pipeline } from './pipelines.ts';
import type { Block } from './pool.ts';

/** One storage binding, resolved. */
export interface Bound {
  readonly binding: number;
  readonly block: Block;
  /** In bytes. */
  readonly offset: number;
}

/**
 * Bind groups by pipeline, buffers and offsets. A training step that takes the same blocks from the pool each time finds
 * all of its groups here. When full, the oldest goes; when a block is destroyed, its groups go with it.
 */
export class BindGroupCache {
  readonly #device: GPUDevice;
  readonly #uniformBuffer: GPUBuffer;
  readonly #capacity: number;
  #made = 0;
  readonly #groups = new Map<string, { group: GPUBindGroup; bound: readonly Bound[] }>();

  constructor(device: GPUDevice, uniformBuffer: GPUBuffer, capacity = 4096) {
    this.#device = device;
    this.#uniformBuffer = uniformBuffer;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** Groups made so far, those since dropped too. */
  get made(): number {
    return this.#made;
  }

  get(pipeline: Pipeline, bound: readonly Bound[]): GPUBindGroup {
    let key = `${pipeline.id}`;
    for (const { block, offset } of bound) key += `|${block.id}:${offset}`;
    const found = this.#groups.get(key);
    if (found !== undefined) return found.group;
    const group = this.#create(pipeline, bound);
    this.#made++;
    if (this.#groups.size >= this.#capacity) this.#drop(this.#groups.keys().next().value!);
    this.#groups.set(key, { group, bound });
    for (const { block } of bound) block.groups.add(key);
    return group;
  }

  /** Forgets every group that names `block`. */
  release(block: Block): void {
    for (const key of [...block.groups]) this.#drop(key);
  }

  clear(): void {
    for (const key of [...this.#groups.keys()]) this.#drop(key);
  }

  #drop(key: string): void {
    const entry = this.#groups.get(key);
    if (entry === undefined) return;
    this.#groups.delete(key);
    for (const { block } of entry.bound) block.groups.delete(key);
  }

  #create(pipeline: Pipeline, bound: readonly Bound[]): GPUBindGroup {
    const { uniforms } = pipeline.shader;
    const limit = Math.floor(this.#device.limits.maxStorageBufferBindingSize / 4) * 4;
    // To the end of the block rather than of the operand, so that views of one buffer share the group.
    const entries: GPUBindGroupEntry[] = bound.map(({ binding, block, offset }) => ({
      binding,
      resource: { buffer: block.gpu, offset, size: Math.min(block.capacity - offset, limit) },
    }));
    if (uniforms !== null) {
      entries.push({ binding: uniforms.binding, resource: { buffer: this.#uniformBuffer, size: uniforms.bytes } });
    }
    return this.#device.createBindGroup({ label: pipeline.shader.name, layout: pipeline.layout, entries });
  }
}
