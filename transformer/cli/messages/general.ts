import { say } from '../../language/language.ts';

/** Help of all commands, and of devices. */
export const general = {
  about: say(
    'heddle: a Transformer on a tensor engine of its own, on WebGPU or WebAssembly.',
    'heddle：基于自研张量引擎的 Transformer，运行于 WebGPU 或 WebAssembly。',
  ),
  usage: say('Usage:', '用法：'),
  arguments: say('Arguments:', '参数：'),
  options: say('Options:', '选项：'),
  commands: say('Commands:', '命令：'),
  examples: say('Examples:', '示例：'),
  helpHelp: say('show this help', '显示帮助'),
  helpVersion: say('show the version', '显示版本'),
  helpLang: say('language of messages: en, zh (default: from LANG)', '界面语言：en、zh（默认取自 LANG）'),
  helpDebug: say('show stacks of errors', '显示错误的调用栈'),
  helpBackend: say('where to compute: auto, webgpu, wasm (default: auto)', '计算设备：auto、webgpu、wasm（默认 auto）'),
  helpThreads: say('threads of the wasm device (default: one a core)', 'wasm 设备的线程数（默认每核一个）'),
  helpDeterministic: say('the same bits on every machine, a little slower', '在任何机器上结果逐位相同，稍慢'),
  helpSeed: say('seed of all random choices (default: 1)', '所有随机选择的种子（默认 1）'),
  helpModel: say('folder of a trained run', '训练好的模型目录'),
  onSoftware: say(
    'no graphics driver here: running on SwiftShader, a software adapter (slow, for checking, not for speed)',
    '本机没有显卡驱动：改用软件适配器 SwiftShader（较慢，用于验证，不代表速度）',
  ),
  noAdapter: say(
    'no WebGPU adapter here. Expected a graphics driver with Vulkan, Metal or Direct3D 12; install one, or use --backend wasm.',
    '本机没有 WebGPU 适配器。应有支持 Vulkan、Metal 或 Direct3D 12 的显卡驱动；请安装，或使用 --backend wasm。',
  ),
  noAdapterShort: say('no graphics driver', '没有显卡驱动'),
  auto: say('auto takes', 'auto 选用'),
  notAvailable: say('not available', '不可用'),
  softwareHint: say(
    'with --backend webgpu heddle runs on SwiftShader, a software adapter, here',
    '此处使用 --backend webgpu 时，将在软件适配器 SwiftShader 上运行',
  ),
};
