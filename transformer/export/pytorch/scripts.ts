import checkpoint from './checkpoint_heddle.py?raw';
import data from './data_heddle.py?raw';
import distributed from './distributed_heddle.py?raw';
import modeling from './modeling_heddle.py?raw';
import readme from './README.md?raw';
import readmeChinese from './README.zh.md?raw';
import safetensors from './safetensors_heddle.py?raw';
import tokenization from './tokenization_heddle.py?raw';
import train from './train.py?raw';
import translate from './translate.py?raw';

/** What stands beside the model in the folder: the files of this folder here, as they are. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  'README.md': readme,
  'README.zh.md': readmeChinese,
  'checkpoint_heddle.py': checkpoint,
  'data_heddle.py': data,
  'distributed_heddle.py': distributed,
  'modeling_heddle.py': modeling,
  'safetensors_heddle.py': safetensors,
  'tokenization_heddle.py': tokenization,
  'train.py': train,
  'translate.py': translate,
};
