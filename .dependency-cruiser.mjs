/**
 * Who may import whom. `npm run check` holds these rules; a file that needs to break one is in the wrong folder.
 *
 * Type-only imports count like all others, and there are no cycles, not even of types, with one exception: operations
 * call one another in their gradients (that of expand is sum, that of sum is expand), always inside functions.
 */

/** The engine from the bottom up: a file imports its own layer and those below it. Every file of `engine/` is named here. */
const LAYERS = [
  { name: 'base', path: '^engine/(shape|dtype|errors|half|random|turn|unowned)\\.ts$' },
  { name: 'tensor', path: '^engine/(tensor|memory|backend)\\.ts$' },
  {
    name: 'core',
    path: '^engine/(op|inPlace|launch|strided|autocast|autograd|trace|plan|copy|reference|meta|device|gradcheck|print|wgsl|customFunction|recompute)\\.ts$',
  },
  { name: 'ops', path: '^engine/ops/' },
  { name: 'methods', path: '^engine/methods\\.ts$' },
  { name: 'creation', path: '^engine/create\\.ts$' },
  { name: 'checks', path: '^engine/checkOp\\.ts$' },
  { name: 'modules', path: '^engine/(nn|optim|io|data)/' },
  { name: 'surface', path: '^engine/index\\.ts$' },
];
const BACKENDS = '^engine/(webgpu|wasm)/';

/** The floors of `transformer/` from the bottom up, by the same rule. `report/` and `cli/` are programs: nobody imports them. */
const FLOORS = [
  { name: 'language', path: '^transformer/language/' },
  { name: 'text', path: '^transformer/text/' },
  { name: 'model', path: '^transformer/model/' },
  { name: 'interpret', path: '^transformer/interpret/' },
  { name: 'training', path: '^transformer/training/' },
  { name: 'export', path: '^transformer/export/' },
  { name: 'view', path: '^transformer/view/' },
  { name: 'report', path: '^transformer/report/' },
  { name: 'cli', path: '^transformer/cli/' },
];

/** The command line from the bottom up, by the same rule. Files at its top carry out a command each. */
const CLI_LAYERS = [
  { name: 'base', path: '^transformer/cli/((context|errors)\\.ts$|messages/)' },
  { name: 'options', path: '^transformer/cli/options/' },
  { name: 'terminal', path: '^transformer/cli/terminal/' },
  { name: 'parts', path: '^transformer/cli/(data|device)/' },
  { name: 'training', path: '^transformer/cli/training/' },
];
const PUBLIC = ['^engine/index\\.ts$', '^transformer/index\\.ts$'];

/** What dependency-cruiser calls packages. */
const NPM = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown'];

/** Which engine files may import shaders, and which part of them. */
const ALL_SHADERS = [
  '^engine/(op|plan|copy|strided)\\.ts$',
  '^engine/ops/',
  '^engine/optim/(kernels|lion|rmsprop)\\.ts$',
  BACKENDS,
];

/** Upward imports within a folder, one rule for each layer. */
const upward = (folder, layers, apart = []) =>
  layers.map(({ name, path }, index) => ({
    name: `${folder.split('/').at(-1)}-layer-${name}`,
    comment: `${path} imports only its own layer and those below it`,
    severity: 'error',
    from: { path },
    to: { path: `^${folder}/`, pathNot: [...layers.slice(0, index + 1).map((layer) => layer.path), ...apart] },
  }));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'modules that import one another cannot be read or tested alone',
      severity: 'error',
      from: { pathNot: '^engine/ops/' },
      to: { circular: true },
    },
    {
      name: 'no-missing-modules',
      comment: 'the import leads to no file; after a clean checkout, `npm run build` writes the generated ones',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...upward('engine', LAYERS, [BACKENDS]),
    ...upward('transformer', FLOORS),
    ...upward('transformer/cli', CLI_LAYERS),
    {
      name: 'transformer-file-without-floor',
      comment: 'every file of transformer/ but its index.ts stands on a floor of FLOORS in .dependency-cruiser.mjs',
      severity: 'error',
      from: { path: '^transformer/', pathNot: ['^transformer/index\\.ts$', ...FLOORS.map(({ path }) => path)] },
      to: {},
    },
    {
      name: 'programs-are-the-top',
      comment: 'the report and the command line are programs: the library does not import them',
      severity: 'error',
      from: { path: '^transformer/index\\.ts$' },
      to: { path: '^transformer/(report|cli)/' },
    },
    {
      name: 'engine-file-without-layer',
      comment: 'name the file in LAYERS in .dependency-cruiser.mjs',
      severity: 'error',
      from: { path: '^engine/', pathNot: [...LAYERS.map(({ path }) => path), BACKENDS] },
      to: {},
    },
    {
      name: 'engine-knows-no-users',
      comment: 'the engine imports only itself and shaders',
      severity: 'error',
      from: { path: '^engine/' },
      to: {
        path: '^[^/]+',
        pathNot: ['^\\.', '^engine/', '^shaders/', '^build/wasm/', 'node_modules/'],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'backends-only-through-device',
      comment: 'engine/device.ts alone chooses a backend',
      severity: 'error',
      from: { pathNot: ['^engine/device\\.ts$', BACKENDS, '^tests/'] },
      to: { path: BACKENDS },
    },
    {
      name: 'backends-know-the-contract',
      comment: 'a backend imports backend, shape, dtype, errors, turn, shaders, the compiled kernels and itself',
      severity: 'error',
      from: { path: '^engine/(webgpu|wasm)/' },
      to: {
        path: '^(engine|build)/',
        pathNot: ['^engine/(backend|shape|dtype|errors|turn)\\.ts$', '^build/wasm/[^/]+\\.wasm$', '^engine/$1/'],
      },
    },
    {
      name: 'wasm-only-in-its-backend',
      comment: 'the compiled kernels belong to engine/wasm',
      severity: 'error',
      from: { pathNot: ['^engine/wasm/', '^tests/'] },
      to: { path: '^build/wasm/' },
    },
    {
      name: 'shaders-only-in-kernels',
      comment:
        'operations, the kernels of the optimizers and the backend import shaders; engine/backend.ts imports their type',
      severity: 'error',
      from: { pathNot: [...ALL_SHADERS, '^engine/backend\\.ts$', '^(shaders|tests|scripts)/', '^[^/]+$'] },
      to: { path: '^shaders/' },
    },
    {
      name: 'backend-knows-shader-types',
      comment: 'engine/backend.ts imports the type of a shader, and no shader',
      severity: 'error',
      from: { path: '^engine/backend\\.ts$' },
      to: { path: '^shaders/', pathNot: '^shaders/shader\\.ts$' },
    },
    {
      name: 'shaders-know-nobody',
      comment: 'shaders are the bottom of everything',
      severity: 'error',
      from: { path: '^shaders/' },
      to: { path: '^(engine|transformer|stepthrough|bench|tests|scripts|build)/' },
    },
    {
      name: 'transformer-uses-the-public-engine',
      comment: 'the Transformer imports the engine through engine/index.ts, and nothing above itself',
      severity: 'error',
      from: { path: '^transformer/' },
      to: { path: '^(engine|shaders|stepthrough|bench|tests|scripts|build)/', pathNot: '^engine/index\\.ts$' },
    },
    {
      name: 'corpus-stands-alone',
      comment: 'transformer/text/corpus imports nothing outside itself',
      severity: 'error',
      from: { path: '^transformer/text/corpus/' },
      to: { pathNot: '^transformer/text/corpus/' },
    },
    {
      name: 'programs-use-the-public-api',
      comment:
        'stepthrough and bench import engine/index.ts and transformer/index.ts, as any user does; peers get our export',
      severity: 'error',
      from: { path: '^(stepthrough|bench)/' },
      to: {
        path: '^(engine|shaders|transformer|stepthrough|bench|tests|scripts|build)/',
        pathNot: [...PUBLIC, '^transformer/export/onnx/(index|proto)\\.ts$', '^$1/'],
      },
    },
    {
      name: 'no-runtime-dependencies',
      comment:
        'the package has none; `webgpu` is an optional peer, and only the command line, with export, bundles others',
      severity: 'error',
      from: { path: '^(engine|transformer|shaders/.*\\.ts$)', pathNot: '^transformer/(cli|export)/' },
      to: { dependencyTypes: NPM, pathNot: 'node_modules/webgpu/' },
    },
    {
      name: 'only-declared-packages',
      comment: 'name the package in package.json',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-dev', 'npm-peer'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: ['^node_modules', '^build', '^dist'] },
    exclude: {
      path: ['^engine/wasm/assembly/', '^bench/peers/node_modules/', '^(dist|runs|coverage)/', '^build/(?!wasm/)'],
    },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default', 'types'], exportsFields: ['exports'] },
  },
};
