"""What tests/export.pytorch.test.ts asks of exported folders: reads a JSON object, prints one."""

import contextlib
import io
import json
import os
import sys
from pathlib import Path

request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
sys.path.insert(0, request["scripts"])

import checkpoint_heddle as checkpoint
import torch
from distributed_heddle import Processes
from modeling_heddle import pad
from tokenization_heddle import PlainTokenizer, load_tokenizers
from train import Trainer, parse_arguments
from translate import translate


def model_answers(folder, source, target, texts):
    model = checkpoint.load_model(folder)
    rows = pad(source, model.config.pad_id), pad(target, model.config.pad_id)
    with torch.no_grad():
        scores = model(*rows)
    training = model.train()(*rows)
    return {
        "shape": list(scores.shape),
        "scores": scores.flatten().tolist(),
        "training": training.flatten().tolist(),
        "translations": translate(model, *load_tokenizers(folder), texts),
    }


def tokenizer_answers(file, texts):
    marks = {"pad": 0, "bos": 1, "eos": 2, "unk": 3}
    tokenizer = PlainTokenizer(json.loads(Path(file).read_text(encoding="utf-8")), marks, file)
    ids = [tokenizer.encode(text) for text in texts]
    return {"ids": ids, "decoded": [tokenizer.decode([1, *row[:3], 0, *row[3:], 3, 2, 5]) for row in ids]}


def train(words):
    """A training in this process; gives what it printed."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        Trainer(parse_arguments(words), Processes(None, True)).run()
    return said.getvalue()


def crash_while_saving(folder, renames):
    """Saves a changed model and state, cut off after so many of three renames, then mends the folder."""
    model, state, config = checkpoint.load_model(folder), checkpoint.load_state(folder), checkpoint.read_config(folder)
    with torch.no_grad():
        model.generator.bias += 1.0
    after = checkpoint.TrainingState(state.step + 1, state.adam_step + 1, state.moments)
    done, replace = [], os.replace

    def until(source, target):
        if len(done) == renames:
            raise KeyboardInterrupt
        done.append(target)
        replace(source, target)

    os.replace = until
    try:
        checkpoint.save_checkpoint(folder, model, config, after)
    except KeyboardInterrupt:
        pass
    finally:
        os.replace = replace
    checkpoint.finish_saving(folder)
    moved = float((checkpoint.load_model(folder).generator.bias - model.generator.bias + 1.0).mean().round())
    steps = [checkpoint.read_config(folder)["step"] - state.step, checkpoint.load_state(folder).step - state.step]
    return {"steps": steps, "bias": moved, "left": [path.name for path in Path(folder).glob("*.new")]}


answers = {
    "trainings": [train(words) for words in request["trainings"]],
    "models": [model_answers(**model) for model in request["models"]],
    "tokenizers": [tokenizer_answers(**tokenizer) for tokenizer in request["tokenizers"]],
    "crashes": [crash_while_saving(request["crash"], renames) for renames in range(4)],
}
print(json.dumps(answers))
