import relaxedBinary from '../../build/wasm/relaxed.wasm';
import simdBinary from '../../build/wasm/simd.wasm';

/** The compiled kernels, with plain or with relaxed SIMD. The package has both in one packed string: scripts/package.mjs. */
export const binary = (relaxed: boolean): BufferSource => (relaxed ? relaxedBinary : simdBinary) as BufferSource;
