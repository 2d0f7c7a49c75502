import { tell } from '../../language/language.ts';

/** What can be wrong with the folder of a run, in both languages: the texts of a BilingualError. */
export const messages = {
  noRun: tell(
    (path: string, file: string) => `${path}: no run, ${file} is missing. Expected a folder written by heddle train.`,
    (path: string, file: string) => `${path}：不是训练目录，缺少 ${file}。应为 heddle train 写出的目录。`,
  ),
  broken: tell(
    (path: string, why: string) => `${path}: ${why} Bring back a whole copy of the folder, or train anew.`,
    (path: string, why: string) => `${path}：${why} 请恢复完整的目录，或重新训练。`,
  ),
  noModelYet: tell(
    (path: string) => `${path}: no model yet. Expected a checkpoint: wait for its training, or --resume it.`,
    (path: string) => `${path}：还没有模型。应有检查点：请等待训练，或用 --resume 继续。`,
  ),
  damaged: tell(
    (path: string, why: string) => `${path} is damaged, going back to the checkpoint before it: ${why}`,
    (path: string, why: string) => `${path} 已损坏，改用它之前的检查点：${why}`,
  ),
  noWholeCheckpoint: tell(
    (path: string) =>
      `${path}: nothing to go on from, no checkpoint is whole. Bring one back from a copy, or train anew with --out.`,
    (path: string) => `${path}：无法继续，没有完整的检查点。请从备份恢复一个，或用 --out 重新训练。`,
  ),
};
