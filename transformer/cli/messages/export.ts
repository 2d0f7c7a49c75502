import { say, tell } from '../../report/language.ts';

/** What `heddle export` says. */
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
};
