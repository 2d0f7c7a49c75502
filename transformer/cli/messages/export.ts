import { say, tell } from '../../language/language.ts';

/** What `heddle export` and `heddle import` say. */
export const exporting = {
  helpExport: say('write a trained model as a folder for another program', '把训练好的模型写成供其他程序使用的目录'),
  helpExportRun: say('folder of a run', '训练目录'),
  helpTo: tell(
    (targets: string) => `program to write for: ${targets}`,
    (targets: string) => `目标程序：${targets}`,
  ),
  helpExportOut: say('folder to write (default: RUN/TARGET)', '写入的目录（默认 RUN/TARGET）'),
  needTarget: tell(
    (targets: string) => `no target given. Expected --to with one of ${targets}.`,
    (targets: string) => `没有给出目标。应为 --to 加 ${targets} 之一。`,
  ),
  exportExists: tell(
    (path: string) => `--out: ${path} holds files already. Give another folder, or remove this one.`,
    (path: string) => `--out：${path} 中已有文件。请换一个目录，或先删除它。`,
  ),
  exported: say('exported', '已导出'),
  exportNoState: tell(
    (checkpoints: string) =>
      `no optimizer state belongs to this model: training there begins with a new one. The folders in ${checkpoints}, where there are any, have theirs.`,
    (checkpoints: string) =>
      `此模型没有对应的优化器状态：在那里训练时将从新的状态开始。${checkpoints} 中的目录（若有）带有各自的状态。`,
  ),
  helpImport: say('take a model back that was trained further with PyTorch', '取回用 PyTorch 继续训练的模型'),
  helpImportFrom: say(
    'folder of heddle export --to pytorch, or a .safetensors file',
    'heddle export --to pytorch 写出的目录，或 .safetensors 文件',
  ),
  helpImportOut: say('folder of the run to write', '写入的训练目录'),
  helpImportConfig: say('config.json, where it is elsewhere', 'config.json（若在别处）'),
  helpImportTokenizer: say(
    'tokenizer.json of the source, or of both, and that of the target, where they are elsewhere',
    '源语言（或两者共用）的 tokenizer.json，以及目标语言的（若在别处）',
  ),
  needOut: say('no folder given to write. Expected --out RUN.', '没有给出写入的目录。应为 --out RUN。'),
  twoTokenizers: tell(
    (given: string) =>
      `--tokenizer: ${given} files. Expected one for both sides, or that of the source and of the target.`,
    (given: string) => `--tokenizer：${given} 个文件。应为两种语言共用的一个，或源语言与目标语言各一个。`,
  ),
  importMissing: tell(
    (file: string, option: string) => `${file}: no such file. Expected it beside the weights; name it with ${option}.`,
    (file: string, option: string) => `${file}：文件不存在。应与权重放在一起；也可用 ${option} 指定。`,
  ),
  imported: say('imported', '已导入'),
  importedLine: tell(
    (run: string, step: string) => `${run}, after step ${step}`,
    (run: string, step: string) => `${run}，第 ${step} 步之后`,
  ),
  importGoOn: tell(
    (run: string) => `go on training with heddle train --resume ${run} --steps N`,
    (run: string) => `继续训练：heddle train --resume ${run} --steps N`,
  ),
  importNewState: say(
    'it brought no optimizer state: training goes on with a new one',
    '没有带来优化器状态：继续训练时将使用新的状态',
  ),
  importNoSettings: say(
    'how it was trained is not known: it translates, but heddle train cannot go on with it',
    '训练设置未知：可以翻译，但 heddle train 无法继续训练',
  ),
};
